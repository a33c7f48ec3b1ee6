"""Google's own SDK against the studio: what it sends is taken, what it gets is what it expects.

Usage: gemini.py BASE_URL, with the key in STUDIO_GOOGLE_KEY or the one for development.
Exits with 0 when everything holds; says each thing that was tried.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

from google import genai
from google.genai import errors, types
from PIL import Image

BASE = sys.argv[1].rstrip("/")
KEY = os.environ.get("STUDIO_GOOGLE_KEY", "studio-dev-key")
PATIENCE_S = 120


def client(key=KEY, **options):
    """An SDK client for the studio."""
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=BASE, **options))


def control(path, body=None):
    """Asks the studio's own controls."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{BASE}/control/{path}", data=data)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def spoil(on, kind, times=1, **more):
    """Has the next calls of this kind go wrong."""
    control("faults", {"rules": [{"vendor": "google", "on": on, "kind": kind, "times": times, **more}]})


def account():
    """What was counted and charged."""
    return control("stats")["vendors"].get("google", {})


def check(holds, sentence):
    """Ends the run when something does not hold."""
    if not holds:
        sys.exit(f"FAILED: {sentence}")
    print(f"ok: {sentence}", flush=True)


def raises(kind, code, call, sentence):
    """Checks that a call fails with this error of the SDK."""
    try:
        call()
    except kind as error:
        check(error.code == code, f"{sentence} ({error.code} {error.status})")
        return error
    sys.exit(f"FAILED: {sentence}: nothing was raised")


def picture_of(response):
    """The first picture of an answer, decoded."""
    for part in response.candidates[0].content.parts:
        if part.inline_data:
            image = Image.open(io.BytesIO(part.inline_data.data))
            image.load()
            return image
    sys.exit("FAILED: there is no picture in the answer")


def probe(video):
    """What ffprobe says of a clip."""
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(video)
        file.flush()
        command = ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries"]
        command += ["stream=codec_name,width,height,nb_read_frames,avg_frame_rate:format=duration", "-of", "json"]
        told = json.loads(subprocess.run(command + [file.name], check=True, capture_output=True).stdout)
    return told["streams"][0], float(told["format"]["duration"])


def finished(api, operation):
    """Polls an operation with the SDK until it is done."""
    deadline = time.monotonic() + PATIENCE_S
    while not operation.done:
        if time.monotonic() > deadline:
            sys.exit("FAILED: an operation does not end")
        time.sleep(0.2)
        operation = api.operations.get(operation)
    return operation


def pictures(api):
    """Pictures from words, from pictures, several at once, and refused ones."""
    model = "gemini-2.5-flash-image"
    wide = types.GenerateContentConfig(
        response_modalities=["TEXT", "IMAGE"], image_config=types.ImageConfig(aspect_ratio="16:9"), seed=7
    )
    response = api.models.generate_content(model=model, contents="a robot that waves", config=wide)
    first = picture_of(response)
    check(first.size == (1344, 768) and first.format == "PNG", "a picture from words has its ratio")
    check(any(part.text for part in response.candidates[0].content.parts), "words come beside it")
    check(response.usage_metadata.candidates_token_count >= 1290, "its tokens are counted")
    check(response.candidates[0].finish_reason == types.FinishReason.STOP, "it ends because it is done")

    data = io.BytesIO()
    Image.new("RGB", (640, 360), (220, 40, 40)).save(data, "JPEG")
    image = types.Part.from_bytes(data=data.getvalue(), mime_type="image/jpeg")
    second = picture_of(api.models.generate_content(model=model, contents=["put a robot on this", image]))
    check(second.size == (1344, 768), "a picture from a picture takes its ratio from it")
    dots = second.convert("RGB").resize((32, 18)).tobytes()
    red = sum(1 for r, g, b in zip(dots[0::3], dots[1::3], dots[2::3]) if r > 150 and g < 110 and b < 110)
    check(red > 50, "the picture that was sent can be seen in the one that was made")

    tall = types.GenerateContentConfig(
        response_modalities=["IMAGE"], image_config=types.ImageConfig(aspect_ratio="9:16", image_size="1K")
    )
    for model in ("gemini-3-pro-image", "gemini-3.1-flash-image"):
        third = picture_of(api.models.generate_content(model=model, contents="an owl", config=tall))
        check(third.size == (768, 1376), f"{model} makes a picture, too")

    blocked = api.models.generate_content(model=model, contents="something forbidden")
    check(not blocked.candidates and blocked.prompt_feedback.block_reason, "a refused request says why")
    withheld = api.models.generate_content(model=model, contents="something indecent")
    check(withheld.candidates[0].finish_reason == types.FinishReason.IMAGE_SAFETY, "a withheld picture says why")
    none = api.models.generate_content(model=model, contents="something unpaintable")
    check(none.candidates[0].finish_reason == types.FinishReason.NO_IMAGE, "an answer without a picture says why")


def words(api):
    """Words at once, in a stream, as JSON; tokens; the list of models."""
    response = api.models.generate_content(
        model="gemini-2.5-flash",
        contents="Scene: a market at dawn",
        config=types.GenerateContentConfig(system_instruction="You write prompts for clips.", temperature=0.4),
    )
    check("market at dawn" in response.text, "words are answered with words")
    pieces = list(api.models.generate_content_stream(model="gemini-2.5-flash", contents="Scene: a market at dawn"))
    check(len(pieces) > 1 and pieces[-1].candidates[0].finish_reason, "a stream comes in pieces and ends")
    check("market at dawn" in "".join(piece.text or "" for piece in pieces), "its pieces make the words")
    shaped = api.models.generate_content(
        model="gemini-2.5-flash",
        contents="Scene: a market at dawn",
        config=types.GenerateContentConfig(
            response_mime_type="application/json",
            response_schema={"type": "OBJECT", "properties": {"prompt": {"type": "STRING"}}},
        ),
    )
    check(isinstance(json.loads(shaped.text)["prompt"], str), "JSON has the shape that was asked for")
    count = api.models.count_tokens(model="gemini-2.5-flash", contents="Scene: a market at dawn")
    check(count.total_tokens == 6, "tokens are counted")
    names = {model.name for model in api.models.list()}
    check("models/gemini-3.1-flash-image" in names, "models are listed")


def imagen(api):
    """Imagen 4 and its quick sister."""
    for model, price in (("imagen-4.0-generate-001", 40_000), ("imagen-4.0-fast-generate-001", 20_000)):
        before = account().get("total_micro_usd", 0)
        response = api.models.generate_images(
            model=model,
            prompt="a cat that thinks",
            config=types.GenerateImagesConfig(number_of_images=2, aspect_ratio="3:4", person_generation="ALLOW_ADULT"),
        )
        sizes = [Image.open(io.BytesIO(one.image.image_bytes)).size for one in response.generated_images]
        check(sizes == [(896, 1280)] * 2, f"{model} makes the pictures that were asked for")
        check(account()["total_micro_usd"] - before == 2 * price, "each is charged once")
    told = types.GenerateImagesConfig(number_of_images=1, include_rai_reason=True)
    response = api.models.generate_images(model="imagen-4.0-generate-001", prompt="something forbidden", config=told)
    filtered = response.generated_images
    check(filtered and filtered[0].rai_filtered_reason and not filtered[0].image.image_bytes, "a filtered picture says why")
    silent = types.GenerateImagesConfig(number_of_images=1)
    response = api.models.generate_images(model="imagen-4.0-generate-001", prompt="something forbidden", config=silent)
    check(not response.generated_images, "without asking, a filtered picture is just missing")


def clips(api):
    """Veo 3 and 3.1: begun, polled, downloaded, decoded; and filtered."""
    data = io.BytesIO()
    Image.new("RGB", (1280, 720), (30, 160, 60)).save(data, "PNG")
    image = types.Image(image_bytes=data.getvalue(), mime_type="image/png")
    cases = [
        ("veo-3.0-generate-001", {}, (1280, 720), 8),
        ("veo-3.0-fast-generate-001", {"aspect_ratio": "9:16", "duration_seconds": 4}, (720, 1280), 4),
        ("veo-3.1-generate-preview", {"last_frame": image, "duration_seconds": 8}, (1280, 720), 8),
        ("veo-3.1-lite-generate-preview", {"duration_seconds": 6, "resolution": "720p"}, (1280, 720), 6),
    ]
    for model, config, size, seconds in cases:
        operation = api.models.generate_videos(
            model=model,
            prompt="a robot waves",
            image=image,
            config=types.GenerateVideosConfig(person_generation="allow_adult", negative_prompt="blur", **config),
        )
        check(operation.name.startswith(f"models/{model}/operations/"), f"{model} names its operation")
        operation = finished(api, operation)
        video = operation.response.generated_videos[0]
        api.files.download(file=video.video)
        stream, duration = probe(video.video.video_bytes)
        check(stream["codec_name"] == "h264" and (stream["width"], stream["height"]) == size, f"{model} makes a clip")
        check(abs(duration - seconds) < 0.1 and stream["avg_frame_rate"] == "24/1", "of its length and rate")
        check(int(stream["nb_read_frames"]) == seconds * 24, "and every frame decodes")
    # What was made can be continued by the newer models.
    operation = api.models.generate_videos(
        model="veo-3.1-generate-preview", prompt="the robot bows", video=types.Video(uri=video.video.uri)
    )
    continued = finished(api, operation).response.generated_videos[0]
    _, duration = probe(api.files.download(file=continued.video))
    check(abs(duration - 13) < 0.1, "a clip is continued by seven seconds")

    operation = finished(api, api.models.generate_videos(model="veo-3.0-generate-001", prompt="something forbidden"))
    check(not operation.response.generated_videos, "a filtered clip is not there")
    check(operation.response.rai_media_filtered_count == 1, "and is counted")
    check(operation.response.rai_media_filtered_reasons, "with a reason")


def files(api):
    """A file sent in advance, in the SDK's own way."""
    data = io.BytesIO()
    Image.new("RGB", (64, 64), (10, 10, 200)).save(data, "PNG")
    data.seek(0)
    file = api.files.upload(file=data, config=types.UploadFileConfig(mime_type="image/png"))
    check(file.state == types.FileState.ACTIVE and file.size_bytes == len(data.getvalue()), "a file is uploaded")
    check(api.files.get(name=file.name).sha256_hash == file.sha256_hash, "and found again")
    made = api.models.generate_content(model="gemini-2.5-flash-image", contents=["an owl on this", file])
    check(picture_of(made).size == (1024, 1024), "and a picture is made of it")
    api.files.delete(name=file.name)
    raises(errors.ClientError, 404, lambda: api.files.get(name=file.name), "a deleted file is gone")


def mistakes(api):
    """What the SDK raises, and when it tries again."""
    ask = lambda api=api, model="gemini-2.5-flash": api.models.generate_content(model=model, contents="hello")
    raises(errors.ClientError, 400, lambda: ask(client("wrong")), "a bad key is refused")
    raises(errors.ClientError, 404, lambda: ask(model="gemini-99"), "an unknown model is not found")
    raises(
        errors.ClientError,
        404,
        lambda: api.models.generate_images(model="gemini-2.5-flash-image", prompt="an owl"),
        "a model of the Gemini family has no predict",
    )
    odd = types.GenerateContentConfig(image_config=types.ImageConfig(aspect_ratio="7:5"))
    raises(
        errors.ClientError,
        400,
        lambda: api.models.generate_content(model="gemini-2.5-flash-image", contents="an owl", config=odd),
        "an unknown ratio is refused",
    )
    long = types.GenerateVideosConfig(duration_seconds=10)
    raises(
        errors.ClientError,
        400,
        lambda: api.models.generate_videos(model="veo-3.0-generate-001", prompt="an owl", config=long),
        "a clip of ten seconds is refused",
    )
    spoil("submit", "throttle", retry_after_s=7)
    error = raises(errors.ClientError, 429, ask, "a throttled call is a client's error")
    check("RetryInfo" in json.dumps(error.details) and "7s" in json.dumps(error.details), "it says when to come again")
    spoil("submit", "unavailable")
    raises(errors.ServerError, 503, ask, "an outage is a server's error")
    spoil("submit", "throttle", times=2)
    patient = client(retry_options=types.HttpRetryOptions(attempts=4, initial_delay=0.05, max_delay=0.1))
    check(ask(patient).text, "the SDK tries again when it is told to, and succeeds")


def main():
    """Everything, in order."""
    control("reset", {})
    api = client()
    for part in (words, pictures, imagen, clips, files, mistakes):
        part(api)
    counted = account()
    check(counted["calls"]["download"] == 5, "every clip was downloaded once")
    print(json.dumps({"submissions": counted["submissions"], "micro_usd": counted["total_micro_usd"]}))


main()
