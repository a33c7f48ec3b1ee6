"""What ComfyUI's own example scripts do, against the studio: upload, prompt, socket, history, view,
queue, interrupt. What comes back is decoded by Pillow and ffprobe.

    python comfyui.py http://127.0.0.1:8790/comfyui
"""

import io
import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import uuid

import websocket
from PIL import Image

BASE = sys.argv[1].rstrip("/")


def asked(path, body=None, kind="application/json"):
    if isinstance(body, dict):
        body = json.dumps(body).encode()
    request = urllib.request.Request(f"{BASE}{path}", data=body, headers={"Content-Type": kind} if body is not None else {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        content = answer.read()
        return json.loads(content) if answer.headers.get_content_type() == "application/json" else content


def refused(path, body=None):
    try:
        asked(path, body)
    except urllib.error.HTTPError as error:
        content = error.read()
        return error.code, json.loads(content) if content.startswith(b"{") else content
    raise AssertionError(f"{path} should have been refused")


def uploaded(name, content, prefix=""):
    edge = uuid.uuid4().hex
    head = f'--{edge}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\nContent-Type: image/png\r\n\r\n'
    body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
    return asked(f"{prefix}/upload/image", body, f"multipart/form-data; boundary={edge}")


def png(size, color):
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, "PNG")
    return out.getvalue()


def performed(prompt, prefix=""):
    """Sends a prompt, follows its socket to the end, and gives what was told and the history."""
    client = uuid.uuid4().hex
    socket = websocket.create_connection(f"{BASE.replace('http', 'ws', 1)}{prefix}/ws?clientId={client}", timeout=60)
    events = []
    try:
        first = json.loads(socket.recv())
        assert first["type"] == "status" and first["data"]["sid"] == client, first
        socket.send(json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}}))
        flags = json.loads(socket.recv())
        assert flags["type"] == "feature_flags" and flags["data"]["max_upload_size"] > 0, flags
        id = asked(f"{prefix}/prompt", {"prompt": prompt, "client_id": client})["prompt_id"]
        while True:
            told = json.loads(socket.recv())
            events.append(told)
            if told["type"] == "executing" and told["data"]["node"] is None and told["data"]["prompt_id"] == id:
                break
    finally:
        socket.close()
    return events, asked(f"{prefix}/history/{id}")[id]


def seen(place):
    return asked("/view?" + urllib.parse.urlencode(place))


def probed(content):
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(content)
        file.flush()
        told = subprocess.run(
            ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", file.name],
            check=True, capture_output=True, timeout=60,
        ).stdout
    stream = json.loads(told)["streams"][0]
    return stream["codec_name"], stream["pix_fmt"], stream["width"], stream["height"], int(stream["nb_read_frames"]), stream["r_frame_rate"]


CORE = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 128, "height": 96, "batch_size": 24, "color": 8_421_504}},
    "2": {"class_type": "ImageAddNoise", "inputs": {"image": ["1", 0], "seed": 7, "strength": 0.2}},
    "3": {"class_type": "CreateVideo", "inputs": {"images": ["2", 0], "fps": 12}},
    "4": {"class_type": "SaveVideo", "inputs": {"video": ["3", 0], "filename_prefix": "video/noise", "format": "auto", "codec": "auto"}},
}


def wan(image, text):
    return {
        "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "wan2.1_i2v_480p_14B_fp16.safetensors", "weight_dtype": "default"}},
        "2": {"class_type": "CLIPLoader", "inputs": {"clip_name": "umt5_xxl_fp8_e4m3fn_scaled.safetensors", "type": "wan"}},
        "3": {"class_type": "VAELoader", "inputs": {"vae_name": "wan_2.1_vae.safetensors"}},
        "4": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["2", 0], "text": text}},
        "5": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["2", 0], "text": "blurry"}},
        "6": {"class_type": "LoadImage", "inputs": {"image": image}},
        "7": {"class_type": "WanImageToVideo", "inputs": {
            "positive": ["4", 0], "negative": ["5", 0], "vae": ["3", 0], "width": 160, "height": 96, "length": 17,
            "batch_size": 1, "start_image": ["6", 0]}},
        "8": {"class_type": "KSampler", "inputs": {
            "model": ["1", 0], "positive": ["7", 0], "negative": ["7", 1], "latent_image": ["7", 2], "seed": 2**64 - 1,
            "steps": 4, "cfg": 6, "sampler_name": "uni_pc", "scheduler": "simple", "denoise": 1}},
        "9": {"class_type": "VAEDecode", "inputs": {"samples": ["8", 0], "vae": ["3", 0]}},
        "10": {"class_type": "CreateVideo", "inputs": {"images": ["9", 0], "fps": 16}},
        "11": {"class_type": "SaveVideo", "inputs": {"video": ["10", 0], "filename_prefix": "wan", "format": "mp4", "codec": "h264"}},
    }


def a_graph_of_core_nodes_runs_and_tells_of_it_in_order():
    for prefix in ["", "/api"]:
        events, run = performed(CORE, prefix)
        order = [event["type"] for event in events if event["type"] not in ("status", "progress_state")]
        assert order == ["execution_start", "execution_cached", *["executing"] * 4, "executed", "execution_success", "executing"], order
        assert run["status"] == {**run["status"], "status_str": "success", "completed": True}, run["status"]
        place = run["outputs"]["4"]["images"][0]
        assert place["subfolder"] == "video" and place["type"] == "output" and run["outputs"]["4"]["animated"] == [True]
        assert probed(seen(place)) == ("h264", "yuv420p", 128, 96, 24, "12/1")


def an_upload_becomes_the_start_of_a_clip():
    first = uploaded("start.png", png((160, 96), (220, 30, 30)))
    assert first == {"name": "start.png", "subfolder": "", "type": "input"}, first
    assert uploaded("start.png", png((160, 96), (220, 30, 30)), "/api") == first
    other = uploaded("start.png", png((160, 96), (30, 30, 220)))
    assert other["name"] == "start (1).png", other
    events, run = performed(wan(other["name"], "a cat waves"))
    steps = [event["data"]["value"] for event in events if event["type"] == "progress"]
    assert steps == [1, 2, 3, 4], steps
    content = seen(run["outputs"]["11"]["images"][0])
    assert probed(content) == ("h264", "yuv420p", 160, 96, 17, "16/1")
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(content)
        file.flush()
        still = subprocess.run(
            ["ffmpeg", "-v", "error", "-i", file.name, "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-"],
            check=True, capture_output=True, timeout=60,
        ).stdout
    red, green, blue = Image.open(io.BytesIO(still)).convert("RGB").getpixel((80, 48))
    assert blue > 200 and red < 60 and green < 60, (red, green, blue)


def what_is_wrong_is_said_where_it_is():
    def changed(node, name, value):
        return {id: {**one, "inputs": {**one["inputs"], **({name: value} if id == node else {})}} for id, one in CORE.items()}

    for node, name, value, kind in [
        ("1", "width", 0, "value_smaller_than_min"),
        ("1", "batch_size", 9999, "value_bigger_than_max"),
        ("1", "color", "red", "invalid_input_type"),
        ("4", "codec", "vp9", "value_not_in_list"),
        ("3", "images", ["1"], "bad_linked_input"),
        ("4", "video", ["1", 0], "return_type_mismatch"),
    ]:
        code, told = refused("/prompt", {"prompt": changed(node, name, value)})
        assert (code, told["error"]["type"]) == (400, "prompt_outputs_failed_validation"), told
        assert told["node_errors"][node]["errors"][0]["type"] == kind, told
        assert told["node_errors"][node]["class_type"] == CORE[node]["class_type"]
    assert refused("/prompt", {"client_id": "x"})[1]["error"]["type"] == "no_prompt"
    assert refused("/prompt", {"prompt": {"1": CORE["1"]}})[1]["error"]["type"] == "prompt_no_outputs"
    assert refused("/prompt", {"prompt": {"1": {"class_type": "Nothing", "inputs": {}}}})[0] == 400
    for query, code in [("filename=../a", 400), ("filename=a&subfolder=../..", 403), ("filename=a", 404)]:
        assert refused(f"/view?{query}")[0] == code, query


def what_the_server_has_is_told():
    info = asked("/object_info/SaveVideo")["SaveVideo"]
    assert info["output_node"] and info["input"]["required"]["video"][0] == "VIDEO", info
    assert "start.png" in asked("/object_info")["LoadImage"]["input"]["required"]["image"][0]
    assert asked("/system_stats")["system"]["comfyui_version"] == "0.3.64"
    assert asked("/queue") == {"queue_running": [], "queue_pending": []}
    assert asked("/prompt") == {"exec_info": {"queue_remaining": 0}}
    assert asked("/history/unknown") == {}
    id = next(iter(asked("/history?max_items=1")))
    asked("/history", {"delete": [id]})
    assert asked(f"/history/{id}") == {}
    asked("/interrupt", {})


if __name__ == "__main__":
    for check in [
        a_graph_of_core_nodes_runs_and_tells_of_it_in_order,
        an_upload_becomes_the_start_of_a_clip,
        what_is_wrong_is_said_where_it_is,
        what_the_server_has_is_told,
    ]:
        check()
        print(f"ok: {check.__name__.replace('_', ' ')}")
