"""What every conformance script shares: where the studio is, how it is made to misbehave, what it counted,
and readers of pictures and clips that are not ours."""

import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

from PIL import Image

ORIGIN = os.environ.get("CUELIGHT_STUDIO_URL", "http://127.0.0.1:8790")


def control(path, body=None, method=None):
    """Speaks to the studio's controls."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{ORIGIN}/control/{path}", data=data, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def spoil(vendor, on, kind, times=1, **more):
    """Makes a vendor misbehave: so many calls of a kind go wrong in one way."""
    control("faults", {"rules": [{"vendor": vendor, "on": on, "kind": kind, "times": times, **more}]})


def account(vendor):
    """What a vendor was asked and is owed since the last reset."""
    nothing = {"calls": {}, "submissions": 0, "replays": 0, "total_micro_usd": 0, "charged": 0, "entries": []}
    return control("stats")["vendors"].get(vendor, nothing)


def picture(width, height, colour=(90, 30, 200), kind="PNG"):
    """The bytes of a plain picture, written by Pillow."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, kind)
    return file.getvalue()


def opened(data):
    """A picture, read to its last pixel by Pillow."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def probed(data):
    """A clip as ffprobe decodes it: width, height, frames, seconds, codec."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clip.mp4"
        file.write_bytes(data)
        command = [os.environ.get("CUELIGHT_FFPROBE", "ffprobe"), "-v", "error", "-count_frames", "-of", "json"]
        command += ["-select_streams", "v:0", "-show_streams", "-show_format", str(file)]
        told = subprocess.run(command, capture_output=True, check=True, timeout=120)
    assert not told.stderr, told.stderr.decode()
    report = json.loads(told.stdout)
    stream = report["streams"][0]
    return {
        "width": stream["width"],
        "height": stream["height"],
        "frames": int(stream["nb_read_frames"]),
        "seconds": float(report["format"]["duration"]),
        "codec": stream["codec_name"],
    }


def first_pixel(data):
    """The first pixel of a clip's first frame, decoded by ffmpeg."""
    program = os.environ.get("CUELIGHT_FFPROBE", "ffprobe").replace("ffprobe", "ffmpeg")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clip.mp4"
        file.write_bytes(data)
        command = [program, "-v", "error", "-i", str(file), "-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
        told = subprocess.run(command, capture_output=True, check=True, timeout=120)
    return tuple(told.stdout[:3])


class Case(unittest.TestCase):
    """A test that finds the counts at zero and no rule in force."""

    def setUp(self):
        control("reset", method="POST")


def main():
    """Runs the tests of the script that calls it; a run without any is a failure."""
    run = unittest.main(argv=[sys.argv[0], *sys.argv[1:]], exit=False, verbosity=2).result
    sys.exit(0 if run.wasSuccessful() and run.testsRun > 0 else 1)
