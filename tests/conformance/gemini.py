"""The studio as Google's Gemini API, judged by google-genai: what is made is decoded, what goes wrong arrives
as the error that the SDK has for it. Not called google.py, because the SDK is imported by that name."""

import io
import json
import time

from google import genai
from google.genai import errors, types

import studio
from studio import ORIGIN, account, first_pixel, opened, picture, probed, spoil

KEY = "studio-dev-key"
BANANA = "gemini-2.5-flash-image"
RED = (220, 40, 40)
GREEN = (30, 160, 60)
PATIENCE_S = 120


def client(key=KEY, **options):
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=ORIGIN, **options))


def picture_of(response):
    for part in response.candidates[0].content.parts:
        if part.inline_data:
            return opened(part.inline_data.data)
    raise AssertionError("there is no picture in the answer")


def close(pixel, colour):
    return all(abs(a - b) < 40 for a, b in zip(pixel, colour))


class Google(studio.Case):
    def setUp(self):
        super().setUp()
        self.api = client()

    def refused(self, kind, code, status, call):
        """A call fails with this error of the SDK."""
        with self.assertRaises(kind) as caught:
            call()
        self.assertEqual((caught.exception.code, caught.exception.status), (code, status))
        return caught.exception

    def finished(self, operation):
        """Polls with the SDK until the operation is done."""
        deadline = time.monotonic() + PATIENCE_S
        while not operation.done:
            self.assertLess(time.monotonic(), deadline, "the operation does not end")
            time.sleep(0.2)
            operation = self.api.operations.get(operation)
        return operation

    def film(self, model, **config):
        """Begins a clip with the SDK, polls it, downloads it with the SDK: the SDK's video with its bytes."""
        image = config.pop("image", None)
        video = config.pop("video", None)
        operation = self.api.models.generate_videos(
            model=model,
            prompt="a robot waves",
            image=image,
            video=video,
            config=types.GenerateVideosConfig(**config) if config else None,
        )
        self.assertRegex(operation.name, rf"^models/{model}/operations/[a-z0-9]+$")
        made = self.finished(operation).response.generated_videos
        self.assertEqual(len(made), 1)
        self.api.files.download(file=made[0].video)
        return made[0].video

    def judge(self, video, size, seconds):
        seen = probed(video.video_bytes)
        self.assertEqual(seen["codec"], "h264")
        self.assertEqual((seen["width"], seen["height"]), size)
        self.assertEqual(seen["frames"], seconds * 24)
        self.assertAlmostEqual(seen["seconds"], seconds, delta=0.1)

    def test_a_picture_from_words(self):
        config = types.GenerateContentConfig(
            response_modalities=["TEXT", "IMAGE"], image_config=types.ImageConfig(aspect_ratio="16:9"), seed=7
        )
        response = self.api.models.generate_content(model=BANANA, contents="a robot that waves", config=config)
        made = picture_of(response)
        self.assertEqual((made.size, made.format), ((1344, 768), "PNG"))
        self.assertTrue(any(part.text for part in response.candidates[0].content.parts))
        self.assertEqual(response.candidates[0].finish_reason, types.FinishReason.STOP)
        self.assertGreaterEqual(response.usage_metadata.candidates_token_count, 1290)
        self.assertEqual(account("google")["total_micro_usd"], 39_000)

    def test_a_picture_from_a_picture_shows_it(self):
        image = types.Part.from_bytes(data=picture(640, 360, RED, "JPEG"), mime_type="image/jpeg")
        response = self.api.models.generate_content(model=BANANA, contents=["put a robot on this", image])
        made = picture_of(response)
        self.assertEqual(made.size, (1344, 768), "the ratio is that of the picture")
        dots = made.convert("RGB").resize((32, 18)).tobytes()
        seen = sum(close(dot, RED) for dot in zip(dots[0::3], dots[1::3], dots[2::3]))
        self.assertGreater(seen, 100, "the picture that was sent is seen in the one that was made")

    def test_the_successors_make_pictures_too(self):
        config = types.GenerateContentConfig(
            response_modalities=["IMAGE"], image_config=types.ImageConfig(aspect_ratio="9:16", image_size="1K")
        )
        for model in ("gemini-3-pro-image", "gemini-3.1-flash-image", "gemini-3.1-flash-lite-image"):
            with self.subTest(model):
                response = self.api.models.generate_content(model=model, contents="an owl", config=config)
                self.assertEqual(picture_of(response).size, (768, 1376))

    def test_refusals_say_why_and_cost_nothing(self):
        ask = lambda words: self.api.models.generate_content(model=BANANA, contents=words)
        blocked = ask("something forbidden")
        self.assertFalse(blocked.candidates)
        self.assertEqual(blocked.prompt_feedback.block_reason, types.BlockedReason.PROHIBITED_CONTENT)
        withheld = ask("something indecent").candidates[0]
        self.assertEqual(withheld.finish_reason, types.FinishReason.IMAGE_SAFETY)
        none = ask("something unpaintable").candidates[0]
        self.assertEqual(none.finish_reason, types.FinishReason.NO_IMAGE)
        self.assertEqual(account("google")["total_micro_usd"], 0)

    def test_words_at_once_in_pieces_and_as_json(self):
        told = types.GenerateContentConfig(system_instruction="You write prompts for clips.", temperature=0.4)
        ask = {"model": "gemini-2.5-flash", "contents": "Scene: a market at dawn"}
        self.assertIn("market at dawn", self.api.models.generate_content(**ask, config=told).text)
        pieces = list(self.api.models.generate_content_stream(**ask))
        self.assertGreater(len(pieces), 1)
        self.assertIn("market at dawn", "".join(piece.text or "" for piece in pieces))
        self.assertEqual(pieces[-1].candidates[0].finish_reason, types.FinishReason.STOP)
        self.assertGreater(pieces[-1].usage_metadata.total_token_count, 6)
        shape = {"type": "OBJECT", "properties": {"prompt": {"type": "STRING"}}}
        shaped = types.GenerateContentConfig(response_mime_type="application/json", response_schema=shape)
        self.assertIsInstance(json.loads(self.api.models.generate_content(**ask, config=shaped).text)["prompt"], str)
        self.assertEqual(self.api.models.count_tokens(**ask).total_tokens, 6)

    def test_models_are_listed(self):
        names = {model.name for model in self.api.models.list(config={"page_size": 5})}
        self.assertIn("models/gemini-3.1-flash-image", names)
        self.assertIn("models/veo-3.1-fast-generate-001", names)

    def test_imagen_makes_as_many_as_it_is_asked_for(self):
        config = types.GenerateImagesConfig(number_of_images=2, aspect_ratio="3:4", person_generation="ALLOW_ADULT")
        for model, price in (("imagen-4.0-generate-001", 40_000), ("imagen-4.0-fast-generate-001", 20_000)):
            with self.subTest(model):
                before = account("google")["total_micro_usd"]
                response = self.api.models.generate_images(model=model, prompt="a cat that thinks", config=config)
                sizes = [opened(made.image.image_bytes).size for made in response.generated_images]
                self.assertEqual(sizes, [(896, 1280)] * 2)
                self.assertEqual(account("google")["total_micro_usd"] - before, 2 * price)

    def test_a_filtered_picture_of_imagen_is_told_only_when_asked_for(self):
        for told in (True, False):
            config = types.GenerateImagesConfig(number_of_images=1, include_rai_reason=told)
            response = self.api.models.generate_images(
                model="imagen-4.0-generate-001", prompt="something forbidden", config=config
            )
            made = response.generated_images or []
            self.assertEqual([bool(one.rai_filtered_reason) for one in made], [True] if told else [])
            self.assertFalse(any(one.image and one.image.image_bytes for one in made))

    def test_veo_3_starts_with_its_picture(self):
        image = types.Image(image_bytes=picture(1280, 720, GREEN), mime_type="image/png")
        video = self.film("veo-3.0-generate-001", image=image, person_generation="allow_adult", negative_prompt="fog")
        self.judge(video, (1280, 720), 8)
        self.assertTrue(close(first_pixel(video.video_bytes), GREEN))
        self.assertEqual(account("google")["total_micro_usd"], 8 * 400_000)

    def test_veo_3_fast_makes_a_portrait(self):
        image = types.Image(image_bytes=picture(720, 1280, GREEN, "JPEG"), mime_type="image/jpeg")
        video = self.film("veo-3.0-fast-generate-001", image=image, aspect_ratio="9:16", duration_seconds=4)
        self.judge(video, (720, 1280), 4)
        self.assertEqual(account("google")["total_micro_usd"], 4 * 150_000)

    def test_veo_31_goes_from_one_picture_to_another_and_is_continued(self):
        frame = lambda colour: types.Image(image_bytes=picture(1280, 720, colour), mime_type="image/png")
        video = self.film("veo-3.1-generate-001", image=frame(GREEN), last_frame=frame(RED), duration_seconds=8)
        self.judge(video, (1280, 720), 8)
        longer = self.film("veo-3.1-generate-001", video=types.Video(uri=video.uri))
        self.judge(longer, (1280, 720), 15)

    def test_veo_31_lite_makes_short_ones(self):
        image = types.Image(image_bytes=picture(1280, 720, RED), mime_type="image/png")
        self.judge(self.film("veo-3.1-lite-generate-preview", image=image, duration_seconds=4), (1280, 720), 4)

    def test_a_filtered_clip_is_done_and_missing(self):
        operation = self.api.models.generate_videos(model="veo-3.0-generate-001", prompt="something forbidden")
        response = self.finished(operation).response
        self.assertFalse(response.generated_videos)
        self.assertEqual(response.rai_media_filtered_count, 1)
        self.assertTrue(response.rai_media_filtered_reasons[0])
        self.assertEqual(account("google")["charged"], 0)

    def test_an_outage_while_polling_passes_and_a_clip_that_fails_says_so(self):
        config = types.GenerateVideosConfig(duration_seconds=4)
        operation = self.api.models.generate_videos(model="veo-3.0-generate-001", prompt="a robot", config=config)
        spoil("google", "poll", "unavailable")
        self.refused(errors.ServerError, 503, "UNAVAILABLE", lambda: self.api.operations.get(operation))
        spoil("google", "poll", "fail")
        operation = self.finished(operation)
        self.assertEqual(operation.error["code"], 13)
        self.assertFalse(operation.response)
        self.assertEqual(account("google")["charged"], 0)

    def test_a_file_is_sent_in_advance(self):
        data = picture(64, 64)
        file = self.api.files.upload(file=io.BytesIO(data), config=types.UploadFileConfig(mime_type="image/png"))
        self.assertEqual((file.state, file.size_bytes), (types.FileState.ACTIVE, len(data)))
        self.assertEqual(self.api.files.get(name=file.name).sha256_hash, file.sha256_hash)
        made = self.api.models.generate_content(model=BANANA, contents=["an owl on this", file])
        self.assertEqual(picture_of(made).size, (1024, 1024))
        self.api.files.delete(name=file.name)
        self.refused(errors.ClientError, 404, "NOT_FOUND", lambda: self.api.files.get(name=file.name))

    def test_mistakes_are_refused_as_google_does(self):
        ask = lambda api, model: api.models.generate_content(model=model, contents="hello")
        ratio = types.GenerateContentConfig(image_config=types.ImageConfig(aspect_ratio="7:5"))
        long = types.GenerateVideosConfig(duration_seconds=10)
        models = self.api.models
        for code, status, call in [
            (400, "INVALID_ARGUMENT", lambda: ask(client("wrong"), "gemini-2.5-flash")),
            (403, "PERMISSION_DENIED", lambda: ask(client(KEY + "-nobody"), "gemini-2.5-flash")),
            (404, "NOT_FOUND", lambda: ask(self.api, "gemini-99")),
            (404, "NOT_FOUND", lambda: models.generate_images(model=BANANA, prompt="an owl")),
            (400, "INVALID_ARGUMENT", lambda: models.generate_content(model=BANANA, contents="an owl", config=ratio)),
            (400, "INVALID_ARGUMENT", lambda: models.generate_videos(model="veo-3.0-generate-001", prompt="a", config=long)),
            (404, "NOT_FOUND", lambda: self.api.files.download(file="files/nothing")),
        ]:
            self.refused(errors.ClientError, code, status, call)
        self.assertEqual(account("google")["submissions"], 0)

    def test_a_throttled_call_says_when_to_come_again_and_the_sdk_does(self):
        ask = lambda api: api.models.generate_content(model="gemini-2.5-flash", contents="hello")
        spoil("google", "submit", "throttle", retry_after_s=7)
        error = self.refused(errors.ClientError, 429, "RESOURCE_EXHAUSTED", lambda: ask(self.api))
        delays = [detail.get("retryDelay") for detail in error.details["error"]["details"]]
        self.assertIn("7s", delays)
        spoil("google", "submit", "unavailable")
        self.refused(errors.ServerError, 503, "UNAVAILABLE", lambda: ask(self.api))
        spoil("google", "submit", "throttle", times=2)
        patient = client(retry_options=types.HttpRetryOptions(attempts=4, initial_delay=0.05, max_delay=0.1))
        self.assertTrue(ask(patient).text)


if __name__ == "__main__":
    studio.main()
