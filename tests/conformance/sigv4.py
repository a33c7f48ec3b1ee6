"""Signs a table of awkward requests with botocore's own signer (Signature Version 4) and writes down
what came out, for everybody else who signs or verifies to agree with.

`--check` compares with what is written down instead. The keys are made up.
"""

import json
import sys
from datetime import datetime, timezone
from pathlib import Path

import botocore.auth
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

GOLDEN = Path(__file__).resolve().parents[2] / "providers" / "tests" / "sigv4.json"
LASTING = {"id": "AKIASTUDIODEV0000000", "secret": "studio-dev-secret"}
ODD = {"id": "AKIASTUDIODEV0000001", "secret": "se/cr+et= with spaces & signs/é"}
PASSING = {"id": "ASIASTUDIODEV0000000", "secret": "studio-dev-secret", "session_token": "studio-dev-session"}
NEW_YEAR = "2027-01-01T00:00:00Z"
NOON = "2026-11-21T12:34:56Z"
EDGE = "https://bedrock-runtime.us-east-1.amazonaws.com"
STORE = "https://s3.eu-west-1.amazonaws.com"
JSON = [["content-type", "application/json"], ["accept", "application/json"]]
ARN = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aasync-invoke%2Fabcdefghij12"


def row(name, method, url, headers=(), body="", who=LASTING, at=NOON, region="us-east-1", service="bedrock"):
    """A request to sign. `url` is as it goes over the wire, escapes and all."""
    return {
        "name": name,
        "method": method,
        "url": url,
        "headers": [list(header) for header in headers],
        "body": body,
        "credentials": who,
        "time": at,
        "region": region,
        "service": service,
    }


def s3(name, method, url, **more):
    return row(name, method, url, region="eu-west-1", service="s3", **more)


ROWS = [
    row("a model id with an escaped colon", "POST", f"{EDGE}/model/amazon.nova-canvas-v1%3A0/invoke", JSON, '{"a":1}'),
    row("a model id without a colon", "POST", f"{EDGE}/model/amazon.titan-image-generator-v1/invoke", JSON, "{}"),
    row("a model id whose colon is not escaped", "POST", f"{EDGE}/model/luma.ray-v2:0/invoke", JSON, "{}"),
    row("an ARN with escaped colons and slashes", "GET", f"{EDGE}/async-invoke/{ARN}"),
    row("no headers of its own", "POST", f"{EDGE}/async-invoke", (), "{}"),
    row("an empty body", "POST", f"{EDGE}/async-invoke", JSON, ""),
    row("no path at all", "GET", EDGE),
    row("the root", "GET", f"{EDGE}/"),
    row("a slash at the end", "GET", f"{EDGE}/async-invoke/"),
    row("a body beyond ASCII", "POST", f"{EDGE}/async-invoke", JSON, '{"text":"Grüße, 世界 \\n\\u0000 🐈"}'),
    row("a body with line ends of Windows", "POST", f"{EDGE}/async-invoke", JSON, "{\r\n}\r\n"),
    row("a session token", "POST", f"{EDGE}/async-invoke", JSON, "{}", who=PASSING),
    row("a session token and nothing else", "GET", f"{EDGE}/async-invoke/{ARN}", who=PASSING),
    row("a secret with signs in it", "POST", f"{EDGE}/async-invoke", JSON, "{}", who=ODD),
    row("the first second of a year", "POST", f"{EDGE}/async-invoke", JSON, "{}", at=NEW_YEAR),
    row("another region", "POST", "https://bedrock-runtime.ap-northeast-1.amazonaws.com/async-invoke", JSON, "{}",
        region="ap-northeast-1"),
    row("a port", "POST", "http://127.0.0.1:8790/async-invoke", JSON, "{}"),
    row("the port that is the scheme's own", "POST", "https://bedrock-runtime.us-east-1.amazonaws.com:443/async-invoke",
        JSON, "{}"),
    row("one parameter", "GET", f"{EDGE}/async-invoke?maxResults=10"),
    row("parameters that are not in order", "GET",
        f"{EDGE}/async-invoke?statusEquals=Completed&maxResults=10&sortBy=SubmissionTime&sortOrder=Descending"),
    row("a parameter with escapes", "GET",
        f"{EDGE}/async-invoke?nextToken=a%2Fb%2Bc%3D%3D&submitTimeAfter=2026-11-21T00%3A00%3A00Z"),
    row("a parameter twice", "GET", f"{EDGE}/async-invoke?tag=b&tag=a"),
    row("parameters that begin alike", "GET", f"{EDGE}/async-invoke?ab=2&a=1&A=0"),
    row("an empty parameter", "GET", f"{EDGE}/async-invoke?nextToken="),
    row("a parameter beyond ASCII", "GET", f"{EDGE}/async-invoke?name=%E4%B8%96%20%F0%9F%90%88"),
    row("a header with spaces to spare", "POST", f"{EDGE}/async-invoke",
        [*JSON, ["x-amzn-bedrock-trace", "  ENABLED   FULL  "]], "{}"),
    row("headers that are not in order", "POST", f"{EDGE}/async-invoke",
        [["X-Zulu", "last"], ["Content-Type", "application/json"], ["X-Alpha", "first"]], "{}"),
    row("a header twice", "POST", f"{EDGE}/async-invoke", [*JSON, ["x-twice", "b"], ["x-twice", "a"]], "{}"),
    row("an empty header", "POST", f"{EDGE}/async-invoke", [*JSON, ["x-empty", ""]], "{}"),
    row("a space in the path", "GET", f"{EDGE}/model/a%20b/invoke"),
    row("a tilde and its neighbours in the path", "GET", f"{EDGE}/model/a~b-c_d.e/invoke"),
    row("letters beyond ASCII in the path", "GET", f"{EDGE}/model/%C3%BC%E4%B8%96/invoke"),
    row("an escaped percent sign in the path", "GET", f"{EDGE}/model/50%25/invoke"),
    row("dots that lead back", "GET", f"{EDGE}/model/../async-invoke/./x"),
    s3("an object", "GET", f"{STORE}/cuelight-clips/abc123/output.mp4"),
    s3("an object with a space and a plus", "GET", f"{STORE}/cuelight-clips/a%20b%2Bc/output.mp4"),
    s3("an object beyond ASCII", "GET", f"{STORE}/cuelight-clips/%C3%BC/%E4%B8%96.mp4"),
    s3("an object with slashes in a row and dots", "GET", f"{STORE}/cuelight-clips//a/../b"),
    s3("an object with a session token", "GET", f"{STORE}/cuelight-clips/output.mp4", who=PASSING),
    s3("a part of an object", "GET", f"{STORE}/cuelight-clips/output.mp4", headers=[["range", "bytes=0-99"]]),
    s3("a listing", "GET", f"{STORE}/cuelight-clips?list-type=2&prefix=a%2Fb%20c&max-keys=5"),
    s3("a word without a value", "GET", f"{STORE}/cuelight-clips?location"),
    s3("an upload", "PUT", f"{STORE}/cuelight-clips/start.png", headers=[["content-type", "image/png"]], body="bytes"),
]


def sign(case):
    now = datetime.fromisoformat(case["time"].replace("Z", "+00:00")).astimezone(timezone.utc).replace(tzinfo=None)
    botocore.auth.get_current_datetime = lambda *_, **__: now
    who = case["credentials"]
    signer = (S3SigV4Auth if case["service"] == "s3" else SigV4Auth)(
        Credentials(who["id"], who["secret"], who.get("session_token")), case["service"], case["region"]
    )
    request = AWSRequest(method=case["method"], url=case["url"], data=case["body"].encode())
    for name, value in case["headers"]:
        request.headers.add_header(name, value)
    seen = {}
    string_to_sign = signer.string_to_sign

    def remember(request, canonical):
        seen["canonical_request"] = canonical
        seen["string_to_sign"] = string_to_sign(request, canonical)
        return seen["string_to_sign"]

    signer.string_to_sign = remember
    signer.add_auth(request)
    added = {}
    for name in ("X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256", "Authorization"):
        if request.headers.get(name):
            added[name.lower()] = request.headers[name]
    return {**case, **seen, "added": added}


def main():
    rows = [sign(case) for case in ROWS]
    made = json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
    if "--check" in sys.argv[1:]:
        if GOLDEN.read_text(encoding="utf-8") != made:
            sys.exit("sigv4.json is not what botocore signs: run tests/conformance/sigv4.py")
        print(f"{len(rows)} signatures agree with botocore's")
    else:
        GOLDEN.write_text(made, encoding="utf-8")
        print(f"wrote {len(rows)} signatures")


if __name__ == "__main__":
    main()
