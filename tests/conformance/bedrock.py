"""The studio as Amazon Bedrock and S3, judged by boto3: what is made is decoded, what goes wrong arrives as
the exception that boto3 has for it."""

import base64
import json
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

import studio
from studio import ORIGIN, account, first_pixel, opened, picture, probed, spoil

KEY = {"aws_access_key_id": "AKIASTUDIODEV0000000", "aws_secret_access_key": "studio-dev-secret"}
PASSING = {
    "aws_access_key_id": "ASIASTUDIODEV0000000",
    "aws_secret_access_key": "studio-dev-secret",
    "aws_session_token": "studio-dev-session",
}


def client(service="bedrock-runtime", **key):
    config = Config(retries={"mode": "standard", "max_attempts": 3}, s3={"addressing_style": "path"})
    return boto3.client(service, region_name="us-east-1", endpoint_url=ORIGIN, config=config, **(key or KEY))


def text(data):
    return base64.b64encode(data).decode()


def titan(**config):
    return {
        "taskType": "TEXT_IMAGE",
        "textToImageParams": {"text": "a small robot waves", "negativeText": "fog"},
        "imageGenerationConfig": {"width": 512, "height": 512, "seed": 7, **config},
    }


def reel(**params):
    return {
        "taskType": "TEXT_VIDEO",
        "textToVideoParams": {"text": "the robot waves", **params},
        "videoGenerationConfig": {"fps": 24, "dimension": "1280x720", "durationSeconds": 6, "seed": 3},
    }


class Bedrock(studio.Case):
    def invoke(self, model, body, runtime=None):
        answer = (runtime or client()).invoke_model(
            modelId=model, body=json.dumps(body), contentType="application/json", accept="application/json"
        )
        return json.loads(answer["body"].read())

    def start(self, model, given, runtime=None, **more):
        place = {"s3OutputDataConfig": {"s3Uri": "s3://cuelight-clips/made/"}}
        return (runtime or client()).start_async_invoke(
            modelId=model, modelInput=given, outputDataConfig=place, **more
        )["invocationArn"]

    def ended(self, arn):
        runtime, statuses = client(), []
        for _ in range(600):
            told = runtime.get_async_invoke(invocationArn=arn)
            statuses.append(told["status"])
            if told["status"] != "InProgress":
                return told, statuses
            time.sleep(0.05)
        self.fail("the film was not done within half a minute")

    def refused(self, code, status, call, *arguments):
        with self.assertRaises(ClientError) as caught:
            call(*arguments)
        told = caught.exception.response
        self.assertEqual((told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]), (code, status))
        return told["Error"].get("Message", "")

    def test_titan_makes_pictures_from_words(self):
        told = self.invoke("amazon.titan-image-generator-v1", titan(numberOfImages=2))
        images = [opened(base64.b64decode(image)) for image in told["images"]]
        self.assertEqual([image.size for image in images], [(512, 512), (512, 512)])
        self.assertNotEqual(images[0].tobytes(), images[1].tobytes())
        self.assertEqual(account("bedrock")["total_micro_usd"], 16_000)

    def test_titan_varies_a_picture(self):
        body = {
            "taskType": "IMAGE_VARIATION",
            "imageVariationParams": {"images": [text(picture(300, 200))], "text": "a robot", "similarityStrength": 0.8},
            "imageGenerationConfig": {"width": 768, "height": 768},
        }
        [image] = self.invoke("amazon.titan-image-generator-v2:0", body)["images"]
        image = opened(base64.b64decode(image))
        self.assertEqual((image.size, image.convert("RGB").getpixel((4, 4))), ((768, 768), (90, 30, 200)))

    def test_stable_diffusion_and_canvas_and_stability(self):
        sdxl = {"text_prompts": [{"text": "an owl", "weight": 1.0}], "cfg_scale": 7, "width": 1152, "height": 896}
        made = self.invoke("stability.stable-diffusion-xl-v1", sdxl)
        self.assertEqual(made["artifacts"][0]["finishReason"], "SUCCESS")
        self.assertEqual(opened(base64.b64decode(made["artifacts"][0]["base64"])).size, (1152, 896))
        canvas = titan(width=640, height=320, quality="premium")
        [image] = self.invoke("amazon.nova-canvas-v1:0", canvas)["images"]
        self.assertEqual(opened(base64.b64decode(image)).size, (640, 320))
        made = self.invoke("stability.sd3-5-large-v1:0", {"prompt": "an owl", "aspect_ratio": "16:9"})
        self.assertEqual(made["finish_reasons"], [None])
        self.assertEqual(opened(base64.b64decode(made["images"][0])).size, (1344, 768))

    def test_canvas_makes_no_video(self):
        body = {"taskType": "IMAGE_VIDEO", "imageToVideoParams": {"image": text(picture(64, 64)), "text": "waves"}}
        self.refused("ValidationException", 400, self.invoke, "amazon.nova-canvas-v1:0", body)

    def test_reel_makes_a_film_of_a_picture_and_puts_it_into_the_bucket(self):
        start = picture(1280, 720, (20, 160, 90), "JPEG")
        runtime = client()
        arn = self.start(
            "amazon.nova-reel-v1:0", reel(images=[{"format": "jpeg", "source": {"bytes": text(start)}}]), runtime,
            clientRequestToken="one-film",
        )
        told, statuses = self.ended(arn)
        self.assertEqual((told["status"], statuses[0], told["clientRequestToken"]), ("Completed", "InProgress", "one-film"))
        self.assertLessEqual(told["submitTime"], told["endTime"])
        bucket, _, key = told["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"][len("s3://"):].partition("/")
        store = client("s3")
        film = store.get_object(Bucket=bucket, Key=f"{key}/output.mp4")
        self.assertEqual(film["ContentType"], "video/mp4")
        data = film["Body"].read()
        self.assertEqual(
            probed(data), {"width": 1280, "height": 720, "frames": 144, "seconds": 6.0, "codec": "h264"}
        )
        for is_there, asked in zip(first_pixel(data), (20, 160, 90)):
            self.assertLess(abs(is_there - asked), 12, "it starts with its picture")
        listed = store.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]
        names = sorted(entry["Key"].rsplit("/", 1)[1] for entry in listed)
        self.assertEqual(names, ["manifest.json", "output.mp4", "video-generation-status.json"])
        status = json.loads(store.get_object(Bucket=bucket, Key=f"{key}/video-generation-status.json")["Body"].read())
        self.assertEqual(status["fullVideo"]["status"], "SUCCESS")
        again = self.start(
            "amazon.nova-reel-v1:0", reel(images=[{"format": "jpeg", "source": {"bytes": text(start)}}]), runtime,
            clientRequestToken="one-film",
        )
        self.assertEqual(again, arn)
        start_other = lambda: self.start("amazon.nova-reel-v1:0", reel(), runtime, clientRequestToken="one-film")
        self.refused("ConflictException", 400, start_other)
        [mine] = runtime.list_async_invokes(maxResults=1, statusEquals="Completed")["asyncInvokeSummaries"]
        self.assertEqual(mine["invocationArn"], arn)
        self.assertEqual((account("bedrock")["submissions"], account("bedrock")["total_micro_usd"]), (1, 480_000))

    def test_luma_makes_a_film_between_two_pictures(self):
        frame = lambda colour: {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": text(picture(512, 512, colour))},
        }
        given = {
            "prompt": "the robot turns", "aspect_ratio": "1:1", "duration": "5s", "resolution": "540p", "loop": False,
            "keyframes": {"frame0": frame((200, 40, 40)), "frame1": frame((40, 40, 200))},
        }
        told, _ = self.ended(self.start("luma.ray-v2:0", given))
        bucket, _, key = told["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"][len("s3://"):].partition("/")
        data = client("s3").get_object(Bucket=bucket, Key=f"{key}/output.mp4")["Body"].read()
        self.assertEqual(probed(data), {"width": 540, "height": 540, "frames": 120, "seconds": 5.0, "codec": "h264"})

    def test_what_a_model_does_not_take_is_refused(self):
        refused = lambda model, given: self.refused("ValidationException", 400, self.start, model, given)
        four = reel()
        four["videoGenerationConfig"]["durationSeconds"] = 4
        refused("amazon.nova-reel-v1:0", four)
        square = [{"format": "png", "source": {"bytes": text(picture(1024, 1024))}}]
        refused("amazon.nova-reel-v1:0", reel(images=square))
        refused("amazon.nova-reel-v7:0", reel())
        refused("luma.ray-v2:0", {"prompt": "x", "duration": "6s"})
        self.assertEqual(account("bedrock")["submissions"], 0)

    def test_content_is_refused_by_both_channels(self):
        message = self.refused(
            "ValidationException", 400, self.invoke, "amazon.titan-image-generator-v1",
            {"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "something forbidden"}},
        )
        self.assertIn("content filters", message)
        told = self.invoke(
            "amazon.nova-canvas-v1:0", {"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "something indecent"}}
        )
        self.assertEqual(told["images"], [])
        self.assertIn("content filters", told["error"])
        told, _ = self.ended(self.start("amazon.nova-reel-v1:0", reel(text="something indecent")))
        self.assertEqual(told["status"], "Failed")
        self.assertIn("content filters", told["failureMessage"])

    def test_throttling_is_tried_again_and_then_told(self):
        spoil("bedrock", "submit", "throttle", times=2)
        self.assertEqual(len(self.invoke("amazon.titan-image-generator-v1", titan())["images"]), 1)
        self.assertEqual((account("bedrock")["calls"]["submit"], account("bedrock")["submissions"]), (3, 1))
        spoil("bedrock", "submit", "throttle", times=9)
        self.refused("ThrottlingException", 429, self.invoke, "amazon.titan-image-generator-v1", titan())

    def test_an_outage_while_polling_passes(self):
        arn = self.start("luma.ray-v2:0", {"prompt": "x", "resolution": "540p", "aspect_ratio": "1:1"})
        spoil("bedrock", "poll", "unavailable", times=2)
        self.assertEqual(self.ended(arn)[0]["status"], "Completed")
        spoil("bedrock", "poll", "unavailable", times=9)
        self.refused("ServiceUnavailableException", 503, self.ended, arn)

    def test_a_lost_answer_costs_a_picture_twice_and_a_film_once(self):
        spoil("bedrock", "submit", "lost_answer")
        self.invoke("amazon.titan-image-generator-v1", titan())
        self.assertEqual(account("bedrock")["submissions"], 2)
        studio.control("reset", method="POST")
        spoil("bedrock", "submit", "lost_answer")
        self.ended(self.start("luma.ray-v2:0", {"prompt": "x", "resolution": "540p", "aspect_ratio": "1:1"}))
        self.assertEqual((account("bedrock")["submissions"], account("bedrock")["replays"]), (1, 1))

    def test_what_a_bucket_gives_may_be_spoilt(self):
        store = client("s3")
        whole = picture(64, 64)
        store.put_object(Bucket="cuelight-clips", Key="a folder/ü.png", Body=whole, ContentType="image/png")
        read = lambda: store.get_object(Bucket="cuelight-clips", Key="a folder/ü.png")["Body"].read()
        self.assertEqual(read(), whole)
        spoil("bedrock", "download", "truncate")
        self.assertEqual(read(), whole[: len(whole) // 2])
        spoil("bedrock", "download", "mislabel")
        self.assertNotEqual(read()[:4], whole[:4])
        spoil("bedrock", "download", "expire")
        self.refused("NoSuchKey", 404, read)
        spoil("bedrock", "download", "throttle", times=9)
        self.refused("SlowDown", 503, read)
        spoil("bedrock", "download", "lost_answer", times=9)
        with self.assertRaises(HTTPClientError):
            read()

    def test_keys_are_checked(self):
        wrong = {**KEY, "aws_secret_access_key": "wrong"}
        nobody = {**KEY, "aws_access_key_id": "AKIANOBODY0000000000"}
        stale = {**PASSING, "aws_session_token": "stale"}
        look = lambda key: client(**key).list_async_invokes()
        look(PASSING)
        self.refused("InvalidSignatureException", 403, look, wrong)
        self.refused("UnrecognizedClientException", 403, look, nobody)
        self.refused("UnrecognizedClientException", 403, look, stale)
        read = lambda key: client("s3", **key).get_object(Bucket="cuelight-clips", Key="nothing")
        self.refused("NoSuchKey", 404, read, PASSING)
        self.refused("SignatureDoesNotMatch", 403, read, wrong)
        self.refused("InvalidAccessKeyId", 403, read, nobody)


if __name__ == "__main__":
    studio.main()
