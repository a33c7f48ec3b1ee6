"""The studio as a ComfyUI server, used as ComfyUI's own example scripts use one: upload, prompt, socket,
history, view, queue, interrupt. What is made is decoded."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import websocket

import studio
from studio import ORIGIN, first_pixel, picture, probed

BASE = f"{ORIGIN}/comfyui"


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


class ComfyUi(studio.Case):
    def test_a_graph_of_core_nodes_runs_and_tells_of_it_in_order(self):
        for prefix in ["", "/api"]:
            events, run = performed(CORE, prefix)
            order = [event["type"] for event in events if event["type"] not in ("status", "progress_state")]
            steps = ["execution_start", "execution_cached", *["executing"] * 4, "executed", "execution_success"]
            self.assertEqual(order, [*steps, "executing"])
            self.assertEqual((run["status"]["status_str"], run["status"]["completed"]), ("success", True))
            told = run["outputs"]["4"]
            self.assertEqual((told["images"][0]["subfolder"], told["animated"]), ("video", [True]))
            clip = probed(seen(told["images"][0]))
            self.assertEqual((clip["width"], clip["height"], clip["frames"]), (128, 96, 24))
            self.assertAlmostEqual(clip["seconds"], 2.0, delta=0.01)

    def test_an_upload_becomes_the_start_of_a_clip(self):
        red, blue = picture(160, 96, (220, 30, 30)), picture(160, 96, (30, 30, 220))
        name = f"{uuid.uuid4().hex}.png"
        first = uploaded(name, red)
        self.assertEqual(first, {"name": name, "subfolder": "", "type": "input"})
        self.assertEqual(uploaded(name, red, "/api"), first)
        other = uploaded(name, blue)
        self.assertEqual(other["name"], name.replace(".png", " (1).png"))
        events, run = performed(wan(other["name"], "a cat waves"))
        steps = [event["data"]["value"] for event in events if event["type"] == "progress"]
        self.assertEqual(steps, [1, 2, 3, 4])
        data = seen(run["outputs"]["11"]["images"][0])
        clip = probed(data)
        self.assertEqual((clip["width"], clip["height"], clip["frames"]), (160, 96, 17))
        self.assertTrue(all(abs(a - b) < 12 for a, b in zip(first_pixel(data), (30, 30, 220))), first_pixel(data))

    def test_what_is_wrong_is_said_where_it_is(self):
        for node, name, value, kind in [
            ("1", "width", 0, "value_smaller_than_min"),
            ("1", "batch_size", 9999, "value_bigger_than_max"),
            ("1", "color", "red", "invalid_input_type"),
            ("4", "codec", "vp9", "value_not_in_list"),
            ("3", "images", ["1"], "bad_linked_input"),
            ("4", "video", ["1", 0], "return_type_mismatch"),
        ]:
            prompt = json.loads(json.dumps(CORE))
            prompt[node]["inputs"][name] = value
            code, told = refused("/prompt", {"prompt": prompt})
            self.assertEqual((code, told["error"]["type"]), (400, "prompt_outputs_failed_validation"))
            about = told["node_errors"][node]
            self.assertEqual((about["errors"][0]["type"], about["class_type"]), (kind, CORE[node]["class_type"]))
        self.assertEqual(refused("/prompt", {"client_id": "x"})[1]["error"]["type"], "no_prompt")
        self.assertEqual(refused("/prompt", {"prompt": {"1": CORE["1"]}})[1]["error"]["type"], "prompt_no_outputs")
        self.assertEqual(refused("/prompt", {"prompt": {"1": {"class_type": "Nothing"}}})[0], 400)

    def test_no_file_is_seen_outside_of_its_folder(self):
        for query, code in [("filename=../a", 400), ("filename=a&subfolder=../..", 403), ("filename=a", 404)]:
            self.assertEqual(refused(f"/view?{query}")[0], code, query)

    def test_what_runs_is_interrupted_and_what_waits_is_deleted(self):
        studio.control("delays", {"scale": 1})
        self.addCleanup(studio.control, "delays", {"scale": 0.01})
        name = uploaded("slow.png", picture(64, 64))["name"]
        runs = asked("/prompt", {"prompt": wan(name, "an owl nods")})["prompt_id"]
        waits = asked("/prompt", {"prompt": CORE})["prompt_id"]
        self.assertEqual(asked("/prompt")["exec_info"]["queue_remaining"], 2)
        asked("/queue", {"delete": [waits]})
        self.assertEqual(asked("/queue")["queue_pending"], [])
        until = time.monotonic() + 20
        while runs not in (told := asked(f"/history/{runs}")):
            # Before it runs there is nothing to interrupt.
            asked("/interrupt", {"prompt_id": runs})
            self.assertLess(time.monotonic(), until)
        self.assertEqual(told[runs]["status"]["messages"][-1][0], "execution_interrupted")
        self.assertEqual(asked(f"/history/{waits}"), {})

    def test_what_the_server_has_is_told(self):
        performed(CORE)
        name = uploaded("there.png", picture(8, 8))["name"]
        info = asked("/object_info/SaveVideo")["SaveVideo"]
        self.assertTrue(info["output_node"] and info["input"]["required"]["video"][0] == "VIDEO")
        self.assertIn(name, asked("/object_info")["LoadImage"]["input"]["required"]["image"][0])
        self.assertEqual(asked("/system_stats")["system"]["comfyui_version"], "0.3.64")
        self.assertEqual(asked("/queue"), {"queue_running": [], "queue_pending": []})
        self.assertEqual(asked("/prompt"), {"exec_info": {"queue_remaining": 0}})
        self.assertEqual(asked("/history/unknown"), {})
        (id,) = asked("/history?max_items=1")
        asked("/history", {"delete": [id]})
        self.assertEqual(asked(f"/history/{id}"), {})


if __name__ == "__main__":
    studio.main()
