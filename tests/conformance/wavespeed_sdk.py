"""The studio as WaveSpeed, judged by WaveSpeed's own client: it submits, polls, uploads, waits in
synchronous mode, is throttled and refused; what is made is decoded. (The client's package is called
`wavespeed`, so this script is not.)"""

import base64
import hashlib
import hmac
import http.server
import io
import json
import math
import struct
import tempfile
import threading
import urllib.request
import wave

import requests
from wavespeed import Client

import studio
from studio import ORIGIN, account, opened, picture, probed, spoil

KEY = "studio-dev-key"
HEAD = {"Authorization": f"Bearer {KEY}"}
STILL = "wavespeed-ai/z-image/turbo"
KANDINSKY = "wavespeed-ai/kandinsky5-pro/image-to-video"
SMALL = {"prompt": "a robot waves", "size": "256*320", "seed": 4}


def client(key=KEY, **more):
    return Client(key, ORIGIN, retry_interval=0.01, **more)


def run(model, body, **more):
    return client().run(model, body, poll_interval=0.05, **more)["outputs"][0]


def sound(seconds):
    file = io.BytesIO()
    with wave.open(file, "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(8000)
        values = (int(9000 * math.sin(at / 5)) for at in range(int(8000 * seconds)))
        tone.writeframes(b"".join(struct.pack("<h", value) for value in values))
    return file.getvalue()


def data_uri(kind, data):
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def fetched(url, kind=None):
    # Without the key: results lie on a content network.
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert kind in (None, answer.headers["content-type"]), answer.headers["content-type"]
        return answer.read()


class WaveSpeed(studio.Case):
    def fails(self, pattern, model, body, by=None):
        with self.assertRaisesRegex(RuntimeError, pattern) as caught:
            (by or client()).run(model, body, poll_interval=0.05)
        return str(caught.exception)

    def test_a_picture_is_made_and_the_same_seed_makes_it_again(self):
        data = fetched(run(STILL, SMALL), "image/png")
        self.assertEqual(opened(data).size, (256, 320))
        self.assertEqual(fetched(run(STILL, SMALL)), data)

    def test_every_model_makes_a_clip_of_what_it_was_asked_for(self):
        image, voice = data_uri("image/png", picture(640, 480)), data_uri("audio/wav", sound(2.5))
        both = {"image": image, "left_audio": voice, "right_audio": voice, "resolution": "480p"}
        moved = {"image": image, "prompt": "waves"}
        for model, body, size, seconds in [
            ("alibaba/wan-2.5/image-to-video", {**moved, "resolution": "480p", "seed": 1}, (640, 480), 5),
            ("alibaba/wan-2.5/text-to-video", {"prompt": "an owl nods", "size": "480*832"}, (480, 832), 5),
            (KANDINSKY, {**moved, "resolution": "512p"}, (688, 512), 5),
            ("kwaivgi/kling-v2.5-turbo-std/image-to-video", {**moved, "guidance_scale": 0.7}, (960, 720), 5),
            ("wavespeed-ai/infinitetalk", {"image": image, "audio": voice, "resolution": "480p"}, (640, 480), 2.5),
            ("wavespeed-ai/infinitetalk/multi", both, (640, 480), 2.5),
            ("wavespeed-ai/infinitetalk/multi", {**both, "order": "left_right"}, (640, 480), 5),
        ]:
            with self.subTest(model):
                clip = probed(fetched(run(model, body), "video/mp4"))
                self.assertEqual((clip["width"], clip["height"], clip["codec"]), (*size, "h264"))
                self.assertAlmostEqual(clip["seconds"], seconds, delta=0.1)

    def test_an_upload_is_an_input(self):
        data = picture(400, 400, (200, 40, 40))
        with tempfile.NamedTemporaryFile(suffix=".png") as file:
            file.write(data)
            file.flush()
            url = client().upload(file.name)
        self.assertEqual(fetched(url, "image/png"), data)
        clip = probed(fetched(run(KANDINSKY, {"image": url, "prompt": "waves"})))
        self.assertEqual((clip["width"], clip["height"]), (512, 512))
        # A stream without a name, too.
        self.assertEqual(fetched(client().upload(io.BytesIO(b"1234"))), b"1234")

    def test_a_synchronous_call_is_answered_with_the_output(self):
        output = run(STILL, {**SMALL, "enable_base64_output": True}, enable_sync_mode=True)
        self.assertEqual(opened(base64.b64decode(output)).size, (256, 320))

    def test_what_is_wrong_is_said(self):
        self.fails("HTTP 401.*authentication", STILL, SMALL, client("wrong"))
        self.fails("HTTP 400.*prompt", STILL, {})
        self.fails("HTTP 400.*size", STILL, {**SMALL, "size": "10*10"})
        self.fails("HTTP 400.*resolution", KANDINSKY, {"prompt": "a", "image": "https://a.b/c", "resolution": "720p"})
        self.fails("HTTP 404", "nobody/nothing", SMALL)
        with self.assertRaisesRegex(RuntimeError, "HTTP 404"):
            client().get_result("none")

    def test_refused_content_is_a_failed_task_that_costs_nothing(self):
        self.fails("Prediction failed.*sensitive", STILL, {**SMALL, "prompt": "forbidden"})
        told = client().run_no_throw(STILL, {**SMALL, "prompt": "forbidden"}, poll_interval=0.05)
        self.assertEqual(told["status"], "failed")
        self.assertNotEqual(told["task_id"], "unknown")
        spoil("wavespeed", "poll", "fail")
        self.fails("Prediction failed", STILL, {**SMALL, "prompt": "an owl"})
        self.assertEqual(account("wavespeed")["total_micro_usd"], 0)

    def test_a_throttled_poll_is_repeated(self):
        spoil("wavespeed", "poll", "throttle", times=2)
        self.assertEqual(opened(fetched(run(STILL, SMALL))).size, (256, 320))
        self.assertGreaterEqual(account("wavespeed")["calls"]["poll"], 3)

    def test_a_submission_is_never_repeated(self):
        for kind, words in [("throttle", "HTTP 429"), ("unavailable", "HTTP 503"), ("lost_answer", "not return")]:
            with self.subTest(kind):
                studio.control("reset", method="POST")
                spoil("wavespeed", "submit", kind)
                self.fails(words, STILL, SMALL, client(max_retries=2))
                self.assertEqual(account("wavespeed")["calls"]["submit"], 1)

    def test_a_finished_prediction_is_on_the_bill_once_and_in_the_history(self):
        id, _ = client()._submit(STILL, SMALL)
        client()._wait(id, 30, 0.05)
        client().get_result(id)
        owed = account("wavespeed")
        self.assertEqual((owed["submissions"], owed["total_micro_usd"]), (1, 5000))
        asked = {"page": 1, "page_size": 1, "status": "completed"}
        page = requests.post(f"{ORIGIN}/api/v3/predictions", json=asked, headers=HEAD, timeout=10).json()
        self.assertEqual(page["data"]["items"][0]["id"], id)

    def test_a_webhook_comes_with_a_signature_that_holds(self):
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
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        hook = {"webhook": f"http://127.0.0.1:{server.server_port}/hook"}
        asked = requests.post(f"{ORIGIN}/api/v3/{STILL}", params=hook, json=SMALL, headers=HEAD, timeout=10).json()
        secret = requests.get(f"{ORIGIN}/api/v3/webhook/secret", headers=HEAD, timeout=10).json()["data"]["secret"]
        self.assertTrue(arrived.wait(30), "the webhook did not come")
        headers, body = heard[0]
        told = json.loads(body)
        self.assertEqual((told["id"], told["status"]), (asked["data"]["id"], "completed"))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        digest = hmac.new(secret.removeprefix("whsec_").encode(), signed, hashlib.sha256).hexdigest()
        self.assertEqual(headers["webhook-signature"], f"v3,{digest}")


if __name__ == "__main__":
    studio.main()
