"""WaveSpeed's own client against the studio: submits, polls, uploads, waits in synchronous mode, fails
and throttles; what comes back is decoded by Pillow and ffprobe.

    python wavespeed.py http://127.0.0.1:8790 KEY
"""

import base64
import hashlib
import hmac
import http.server
import io
import json
import math
import pathlib
import struct
import subprocess
import sys
import tempfile
import threading
import urllib.request
import wave

# The script has the name of the package that it tests.
sys.path[:] = [path for path in sys.path if pathlib.Path(path or ".").resolve() != pathlib.Path(__file__).parent.resolve()]

import requests  # noqa: E402
from PIL import Image  # noqa: E402
from wavespeed import Client  # noqa: E402

BASE, KEY = sys.argv[1].rstrip("/"), sys.argv[2]
QUICK = {"poll_interval": 0.05}


def client(key=KEY, **more):
    return Client(key, BASE, retry_interval=0.01, **more)


def control(path, body):
    requests.post(f"{BASE}/control/{path}", json=body, timeout=10).raise_for_status()


def faults(*rules):
    control("faults", {"rules": [{"vendor": "wavespeed", **rule} for rule in rules]})


def account():
    return requests.get(f"{BASE}/control/stats", timeout=10).json()["vendors"].get("wavespeed", {})


def fails(call, *words):
    try:
        call()
    except (RuntimeError, TimeoutError) as error:
        for word in words:
            assert word in str(error), f"{word!r} is not in {error}"
        return error
    raise AssertionError(f"this should have failed with {words}")


def picture(width=640, height=480, color=(30, 120, 220)):
    out = io.BytesIO()
    Image.new("RGB", (width, height), color).save(out, "PNG")
    return out.getvalue()


def sound(seconds):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        tone = (int(9000 * math.sin(at / 5)) for at in range(int(8000 * seconds)))
        file.writeframes(b"".join(struct.pack("<h", value) for value in tone))
    return out.getvalue()


def data_uri(kind, content):
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def fetched(url):
    # No key: results lie on a content network.
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.headers["content-type"], answer.read()


def probed(url):
    kind, content = fetched(url)
    assert kind == "video/mp4", kind
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(content)
        file.flush()
        told = subprocess.run(
            ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", file.name],
            check=True, capture_output=True, timeout=60,
        ).stdout
    told = json.loads(told)
    stream = told["streams"][0]
    assert stream["codec_name"] == "h264", stream
    return stream["width"], stream["height"], float(told["format"]["duration"])


def a_picture_is_made_and_decoded():
    told = client().run("wavespeed-ai/z-image/turbo", {"prompt": "a robot waves", "size": "320*256", "seed": 4}, **QUICK)
    kind, content = fetched(told["outputs"][0])
    image = Image.open(io.BytesIO(content))
    assert (kind, image.size) == ("image/png", (320, 256)), (kind, image.size)
    again = client().run("wavespeed-ai/z-image/turbo", {"prompt": "a robot waves", "size": "320*256", "seed": 4}, **QUICK)
    assert fetched(again["outputs"][0])[1] == content, "the same seed made another picture"


def every_clip_model_makes_a_clip_of_what_it_was_asked_for():
    image, voice = data_uri("image/png", picture()), data_uri("audio/wav", sound(2.5))
    for model, body, size, seconds in [
        ("alibaba/wan-2.5/image-to-video", {"image": image, "prompt": "waves", "resolution": "480p", "seed": 1}, (640, 480), 5),
        ("alibaba/wan-2.5/text-to-video", {"prompt": "an owl nods", "size": "480*832"}, (480, 832), 5),
        ("wavespeed-ai/kandinsky5-pro/image-to-video", {"image": image, "prompt": "waves", "resolution": "512p"}, (688, 512), 5),
        ("kwaivgi/kling-v2.5-turbo-std/image-to-video", {"image": image, "prompt": "waves", "guidance_scale": 0.7}, (960, 720), 5),
        ("wavespeed-ai/infinitetalk", {"image": image, "audio": voice, "resolution": "480p"}, (640, 480), 2.5),
        ("wavespeed-ai/infinitetalk/multi", {"image": image, "left_audio": voice, "right_audio": voice, "order": "left_right"}, (640, 480), 5),
    ]:
        told = client().run(model, body, **QUICK)
        width, height, lasts = probed(told["outputs"][0])
        assert (width, height) == size, f"{model}: {width}x{height}"
        assert abs(lasts - seconds) < 0.1, f"{model}: {lasts} s"
        print(f"  {model}: {width}x{height}, {lasts:.2f} s")


def an_upload_is_an_input():
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        file.write(picture(400, 400, (200, 40, 40)))
        file.flush()
        url = client().upload(file.name)
    assert fetched(url) == ("image/png", picture(400, 400, (200, 40, 40)))
    body = {"image": url, "prompt": "waves", "resolution": "512p"}
    told = client().run("wavespeed-ai/kandinsky5-pro/image-to-video", body, **QUICK)
    assert probed(told["outputs"][0])[:2] == (512, 512)
    # A stream without a name, too.
    assert fetched(client().upload(io.BytesIO(b"1234")))[1] == b"1234"


def a_synchronous_call_is_answered_with_the_output():
    body = {"prompt": "a cat", "size": "256*256", "enable_base64_output": True}
    told = client().run("wavespeed-ai/z-image/turbo", body, enable_sync_mode=True)
    assert Image.open(io.BytesIO(base64.b64decode(told["outputs"][0]))).size == (256, 256)


def what_is_wrong_is_said():
    fails(lambda: client("wrong").run("wavespeed-ai/z-image/turbo", {"prompt": "a"}), "HTTP 401", "authentication")
    fails(lambda: client().run("wavespeed-ai/z-image/turbo", {}), "HTTP 400", "prompt")
    fails(lambda: client().run("wavespeed-ai/z-image/turbo", {"prompt": "a", "size": "10*10"}), "HTTP 400", "size")
    fails(lambda: client().run("nobody/nothing", {"prompt": "a"}), "HTTP 404")
    fails(lambda: client().get_result("none"), "HTTP 404")
    fails(lambda: client().run("wavespeed-ai/z-image/turbo", {"prompt": "forbidden"}, **QUICK), "Prediction failed", "sensitive")
    told = client().run_no_throw("wavespeed-ai/z-image/turbo", {"prompt": "forbidden"}, **QUICK)
    assert told["status"] == "failed" and told["task_id"] != "unknown", told


def a_throttled_poll_is_repeated_and_a_submission_never():
    faults({"on": "poll", "kind": "throttle", "times": 2}, {"on": "poll", "kind": "unavailable", "times": 1})
    client().run("wavespeed-ai/z-image/turbo", {"prompt": "an owl", "size": "256*256"}, **QUICK)
    for kind, words in [("throttle", "HTTP 429"), ("unavailable", "HTTP 503"), ("lost_answer", "did not return")]:
        before = account()["calls"]["submit"]
        faults({"on": "submit", "kind": kind, "times": 1})
        fails(lambda: client(max_retries=2).run("wavespeed-ai/z-image/turbo", {"prompt": "an owl"}), words)
        assert account()["calls"]["submit"] == before + 1, f"{kind}: the client has asked again"
    faults()


def every_finished_prediction_is_on_the_bill_once():
    before = account()
    id, _ = client()._submit("wavespeed-ai/z-image/turbo", {"prompt": "a cat waves", "size": "256*256"})
    while client().get_result(id)["data"]["status"] != "completed":
        pass
    client().get_result(id)
    after = account()
    assert after["submissions"] == before["submissions"] + 1
    assert after["total_micro_usd"] == before["total_micro_usd"] + 5000
    head = {"Authorization": f"Bearer {KEY}"}
    page = requests.post(f"{BASE}/api/v3/predictions", json={"page": 1, "page_size": 1}, headers=head, timeout=10).json()
    assert page["data"]["items"][0]["id"] == id, page


def a_webhook_comes_with_a_signature_that_holds():
    heard, arrived = [], threading.Event()

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append((self.headers, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()
            arrived.set()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    head = {"Authorization": f"Bearer {KEY}"}
    hook = f"http://127.0.0.1:{server.server_port}/hook"
    answer = requests.post(
        f"{BASE}/api/v3/wavespeed-ai/z-image/turbo", params={"webhook": hook},
        json={"prompt": "an owl", "size": "256*256"}, headers=head, timeout=10,
    ).json()
    secret = requests.get(f"{BASE}/api/v3/webhook/secret", headers=head, timeout=10).json()["data"]["secret"]
    assert arrived.wait(30), "the webhook did not come"
    server.shutdown()
    headers, body = heard[0]
    told = json.loads(body)
    assert (told["id"], told["status"]) == (answer["data"]["id"], "completed"), told
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = secret.removeprefix("whsec_").encode()
    assert headers["webhook-signature"] == "v3," + hmac.new(key, signed, hashlib.sha256).hexdigest()


if __name__ == "__main__":
    for check in [
        a_picture_is_made_and_decoded,
        every_clip_model_makes_a_clip_of_what_it_was_asked_for,
        an_upload_is_an_input,
        a_synchronous_call_is_answered_with_the_output,
        what_is_wrong_is_said,
        a_throttled_poll_is_repeated_and_a_submission_never,
        every_finished_prediction_is_on_the_bill_once,
        a_webhook_comes_with_a_signature_that_holds,
    ]:
        check()
        print(f"ok: {check.__name__.replace('_', ' ')}")
