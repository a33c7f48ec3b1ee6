#!/usr/bin/env python3
"""A second implementation of Cuelight's secret keys, tokens, private addresses and webhook
signatures, from their documentation and with Python's own hmac.

It shares no code with the Rust crate. Without arguments it writes auth.json; with --check it
compares and exits 1 on a difference. Python's standard library only.
"""

import base64
import hashlib
import hmac
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

NEW = bytes(range(100, 132))
OLD = bytes(range(64))
RETIRED = bytes(range(32))
KEY = "abcdefghijklmnopqrstuvwxyz234567"
ISSUED = 1_795_000_000
PYJWT = (
    "eyJhbGciOiJIUzI1NiIsImtpZCI6Im5ldyIsInR5cCI6IkpXVCJ9."
    "eyJpc3MiOiJjdWVsaWdodCIsInN1YiI6ImRlbW8iLCJqdGkiOiJ4IiwiaWF0IjoxNzk1MDAwMDAwLCJleHAiOjE3OTUwMDM2MDAsIm9yaWdp"
    "bnMiOlsiaHR0cHM6Ly9zaG9wLmV4YW1wbGUiXSwiYnVkZ2V0X21pY3JvX3VzZCI6NX0."
    "WaU9KFmh2cQ0-14ciQUhl-Jbvt3Iz5d_90XFbRHmjq0"
)
ORIGINS = ["https://shop.example", "http://localhost:5173"]


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sha256_hmac(key, text):
    return hmac.new(key, text if isinstance(text, bytes) else text.encode(), hashlib.sha256).digest()


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def sign(header, claims, secret=NEW, digest=hashlib.sha256):
    """The compact form of RFC 7515 of two JSON texts, whatever they say."""
    signed = f"{b64url(header.encode())}.{b64url(claims.encode())}"
    return f"{signed}.{b64url(hmac.new(secret, signed.encode(), digest).digest())}"


def header(**changes):
    members = {"alg": "HS256", "typ": "JWT", "kid": "new", **changes}
    return compact({name: value for name, value in members.items() if value is not None})


def claims(**changes):
    members = {
        "iss": "cuelight", "sub": "demo", "jti": b64url(bytes(16)), "iat": ISSUED, "exp": ISSUED + 3600,
        "origins": ORIGINS, "budget_micro_usd": 500_000, **changes,
    }
    return compact({name: value for name, value in members.items() if value is not None})


def minted():
    small = {"origins": [ORIGINS[0]], "budget_micro_usd": 0}
    everything = {
        "origins": ORIGINS,
        "characters": ["bolt", "zoë"],
        "cues": ["idle", "talking", {"expression": "pleased", "max_intensity": 0.7}, {}],
        "budget_micro_usd": 500_000,
        "ttl_s": 120,
        "requests": {"count": 5, "window_s": 60},
        "private": True,
        "player": "player-7",
    }
    first = {
        "iss": "cuelight", "sub": "demo", "jti": b64url(bytes(16)), "iat": ISSUED, "exp": ISSUED + 3600,
        "origins": [ORIGINS[0]], "budget_micro_usd": 0,
    }
    second = {
        "iss": "cuelight", "sub": "acme.shop", "jti": b64url(b"\xff" * 16), "iat": ISSUED, "exp": ISSUED + 120,
        "origins": ORIGINS, "characters": everything["characters"], "cues": everything["cues"],
        "budget_micro_usd": 500_000, "requests": {"count": 5, "window": 60_000}, "private": True,
        "player": "player-7",
    }
    for name, tenant, random, request, said in [
        ("with every default", "demo", bytes(16), small, first),
        ("with everything said", "acme.shop", b"\xff" * 16, everything, second),
    ]:
        yield {
            "name": name, "tenant": tenant, "random": random.hex(), "now_ms": ISSUED * 1000 + 999,
            "request": request, "token": sign(header(), compact(said)),
        }


def foreign():
    good = sign(header(), claims())
    head, body, tag = good.split(".")
    none = b64url(compact({"alg": "none", "typ": "JWT", "kid": "new"}).encode())
    twice = claims()[:-1] + ',"budget_micro_usd":900000000}'
    rows = [
        ("the plain one", good, "ok"),
        ("other order and spacing", sign('{"typ":"JWT", "kid":"new", "alg":"HS256"}',
                                         json.dumps(json.loads(claims()), indent=1, sort_keys=True)), "ok"),
        ("made by PyJWT 2.15, which sorts its header", PYJWT, "ok"),
        ("signed with the older secret", sign(header(kid="old"), claims(), OLD), "ok"),
        ("the other secret under this name", sign(header(), claims(), OLD), "BadSignature"),
        ("a secret that was retired", sign(header(kid="retired"), claims(), RETIRED), "BadSignature"),
        ("no name of a secret", sign(header(kid=None), claims()), "Malformed"),
        ("a name that is no text", sign(header(kid=1), claims()), "Malformed"),
        ("the name twice", sign('{"alg":"HS256","typ":"JWT","kid":"old","kid":"new"}', claims()), "Malformed"),
        ("no algorithm, no signature", f"{none}.{body}.", "Malformed"),
        ("no algorithm, our signature", f"{none}.{body}.{tag}", "Malformed"),
        ("no signature", f"{head}.{body}.", "BadSignature"),
        ("half a signature", f"{head}.{body}.{b64url(base64.urlsafe_b64decode(tag + '=')[:16])}", "BadSignature"),
        ("RS256 with our secret as key", sign(header(alg="RS256"), claims()), "Malformed"),
        ("HS384", sign(header(alg="HS384"), claims(), digest=hashlib.sha384), "Malformed"),
        ("hs256 in lower case", sign(header(alg="hs256"), claims()), "Malformed"),
        ("a critical extension", sign(header(crit=["b64"], b64=False), claims()), "Malformed"),
        ("another type", sign(header(typ="at+jwt"), claims()), "Malformed"),
        ("padding", good + "=", "Malformed"),
        ("a fourth part", good + "." + tag, "Malformed"),
        ("two parts", f"{head}.{body}", "Malformed"),
        ("a space before", " " + good, "Malformed"),
        ("the budget twice", sign(header(), twice), "Malformed"),
        ("a claim we do not know", sign(header(), claims(nbf=ISSUED)), "Malformed"),
        ("another issuer", sign(header(), claims(iss="someone")), "Malformed"),
        ("no end", sign(header(), claims(exp=None)), "Malformed"),
        ("an end in fractions", sign(header(), claims(exp=ISSUED + 3600.5)), "Malformed"),
        ("a negative end", sign(header(), claims(exp=-1)), "Malformed"),
        ("a huge end", sign(header(), claims(exp=2**64 - 1)), "Malformed"),
        ("longer than a day", sign(header(), claims(exp=ISSUED + 86_401)), "Malformed"),
        ("a whole day", sign(header(), claims(exp=ISSUED + 86_400)), "ok"),
        ("no name", sign(header(), claims(jti=None)), "Malformed"),
        ("no origin", sign(header(), claims(origins=[])), "Malformed"),
        ("any origin", sign(header(), claims(origins=["*"])), "Malformed"),
        ("a budget as text", sign(header(), claims(budget_micro_usd="500000")), "Malformed"),
        ("a list of claims", sign(header(), "[]"), "Malformed"),
        ("claims that are no JSON", sign(header(), "{"), "Malformed"),
        ("issued a moment ahead of our clock", sign(header(), claims(iat=ISSUED + 40, exp=ISSUED + 99)), "ok"),
        ("issued in the future", sign(header(), claims(iat=ISSUED + 41, exp=ISSUED + 99)), "NotYetValid"),
        ("ended a moment ago", sign(header(), claims(iat=ISSUED - 99, exp=ISSUED - 19)), "ok"),
        ("ended", sign(header(), claims(iat=ISSUED - 99, exp=ISSUED - 20)), "Expired"),
        ("too long", sign(header(), claims(player="x" * 4_000)), "Malformed"),
    ]
    for name, token, verdict in rows:
        yield {"name": name, "token": token, "verdict": verdict}


def addresses():
    secret = sha256_hmac(NEW, "cuelight clip-address v1")
    for expires in [ISSUED, 0, 253_402_300_799]:
        signature = b64url(sha256_hmac(secret, f"{KEY}.{expires}"))
        yield {
            "key": KEY, "expires_ms": expires * 1000 + 1,
            "address": f"/private/{KEY}?expires={expires}&signature={signature}",
        }


def webhooks():
    for secret, name, timestamp, body in [
        # The published example of the Standard Webhooks libraries.
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}'),
        (base64.b64encode(OLD).decode(), "msg_1", 0, ""),
        (base64.b64encode(NEW).decode(), "a-b", ISSUED, '{"label":"déjà vu \u2603"}'),
    ]:
        tag = sha256_hmac(base64.b64decode(secret), f"{name}.{timestamp}.{body}")
        yield {
            "secret": f"whsec_{secret}", "id": name, "timestamp": timestamp, "body": body,
            "signature": f"v1,{base64.b64encode(tag).decode()}",
        }


def secret_keys():
    for random in [bytes(32), b"\xff" * 32, OLD[:32]]:
        text = f"cue_sk_{b64url(random)}"
        yield {"random": random.hex(), "text": text, "sha256": hashlib.sha256(text.encode()).hexdigest()}


def main():
    golden = {
        "signing_keys": [{"kid": "new", "secret": b64url(NEW)}, {"kid": "old", "secret": b64url(OLD)}],
        "verified_at_ms": (ISSUED + 10) * 1000,
        "minted": list(minted()),
        "foreign": list(foreign()),
        "addresses": list(addresses()),
        "webhooks": list(webhooks()),
        "secret_keys": list(secret_keys()),
    }
    made = json.dumps(golden, ensure_ascii=False, indent=1) + "\n"
    path = HERE / "auth.json"
    if "--check" in sys.argv[1:]:
        if path.read_text(encoding="utf-8") != made:
            sys.exit("auth.json is not what auth.py computes: a signature has moved, or auth.py was not run.")
        print(f"{sum(len(rows) for rows in golden.values() if isinstance(rows, list))} golden rows agree.")
    else:
        path.write_text(made, encoding="utf-8")
        print("wrote auth.json")


if __name__ == "__main__":
    main()
