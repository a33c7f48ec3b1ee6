#!/usr/bin/env python3
"""A second implementation of Cuelight's canonical form and cache key, from its documentation.

It shares no code with the Rust crate: only the catalogues and the lists of requests. Without
arguments it writes keys.json from requests.json, and orders.json from order_requests.json; with
--check it compares and exits 1 on a difference. Python's standard library only.
"""

import base64
import hashlib
import json
import math
import sys
import unicodedata
from pathlib import Path

HERE = Path(__file__).resolve().parent
CATALOG = HERE.parent.parent / "catalog"


def load(name, member=None):
    return json.loads((CATALOG / f"{name}.json").read_text(encoding="utf-8"))[member or name]


STATES = {state["id"]: state for state in load("states")}
PRESETS = {preset["id"]: preset for preset in load("presets")}
MODELS = load("models")
ALIASES = load("models", "provider_aliases")
CHARACTERS = {character["id"]: character for character in load("characters")}
BODIES = ["robot", "blob", "sage", "athlete", "cat", "owl"]


def es_number(value):
    """ECMAScript's Number::toString, which RFC 8785 section 3.2.2.3 prescribes."""
    if isinstance(value, int):
        return str(value)
    if value == 0:
        return "0"
    sign, value = ("-", -value) if value < 0 else ("", value)
    mantissa, _, exponent = f"{value!r}".partition("e")
    digits = mantissa.replace(".", "")
    point = len(mantissa.partition(".")[0]) + int(exponent or 0)
    lead = len(digits) - len(digits.lstrip("0"))
    digits, point = digits[lead:].rstrip("0"), point - lead
    k = len(digits)
    if k <= point <= 21:
        text = digits + "0" * (point - k)
    elif 0 < point <= 21:
        text = digits[:point] + "." + digits[point:]
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        e = point - 1
        text = digits[0] + ("." + digits[1:] if k > 1 else "") + f"e{'+' if e > 0 else '-'}{abs(e)}"
    return sign + text


def jcs(value):
    """RFC 8785: sorted by UTF-16 code units, no white space, ECMAScript strings and numbers."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return es_number(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ",".join(jcs(item) for item in value) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(f"{jcs(name)}:{jcs(value[name])}" for name in names) + "}"


def text(value):
    return unicodedata.normalize("NFC", value).strip()


def half_up(value):
    return math.floor(value + 0.5)


def hsl(hue, saturation, lightness):
    """CSS Color 4, section 7.1."""

    def channel(n):
        k = (n + hue % 360 / 30) % 12
        a = saturation * min(lightness, 1 - lightness)
        return half_up((lightness - a * max(-1, min(k - 3, 9 - k, 1))) * 255)

    return "#%02x%02x%02x" % (channel(0), channel(8), channel(4))


def derived(npc_id):
    digest = hashlib.sha256(npc_id.encode()).digest()
    hue = digest[1] / 255 * 360
    accent = hue + 120 + digest[2] / 255 * 120
    return {
        "id": npc_id,
        "version": 1,
        "seed": int.from_bytes(digest[3:7], "big"),
        "look": {
            "body": BODIES[digest[0] % len(BODIES)],
            "primary": hsl(hue, 0.60, 0.60),
            "secondary": hsl(hue, 0.55, 0.25),
            "accent": hsl(accent, 0.80, 0.62),
            "backdrop": hsl(hue, 0.60, 0.95),
        },
    }


def character_of(params):
    given = params.get("character")
    if isinstance(given, str):
        return CHARACTERS[given]
    if given is not None:
        return given
    npc = text(params["npc_id"])
    return CHARACTERS.get(npc) or derived(npc)


def canonical(tenant, body, nonce):
    operation = body["operation_type"]
    provider = body.get("provider_id")
    serving = [m for m in MODELS if operation in m["operations"]]
    own = [m for m in serving if provider in (None, m["provider"])]
    model = own[0] if own or provider not in ALIASES else serving[0]
    params = body["params"]
    character = character_of(params)
    extra = text(params.get("prompt") or "")
    if operation == "state_clip":
        state = STATES[params["state"]]
        cue, prompt, usual = {"state": state["id"]}, state["motion"], state["duration_ms"]
    else:
        word = lambda name, default: text(params.get(name) or default).lower()
        tenths = half_up(params.get("intensity", 0.5) * 10 + 1e-9)
        cue = {
            "expression": word("expression", "neutral"),
            "emotion": word("emotion", "neutral"),
            "animation": word("animation", "idle"),
            "intensity": tenths / 10,
        }
        strength = "slightly" if tenths < 3 else "moderately" if tenths < 7 else "very"
        prompt = f"{strength} {cue['expression']}, {cue['emotion']} expression"
        if cue["animation"] != "idle":
            prompt += f", {cue['animation']} animation"
        usual = 3000
    if params.get("art_style"):
        prompt += f", {text(params['art_style']).lower()} style"
    if extra:
        prompt += ". " + extra
    preset = PRESETS[params.get("quality_preset", "fast")]
    pick = lambda name: params[name] if params.get(name) is not None else preset[name]
    duration = params.get("duration")
    look = character["look"]
    scope = {}
    context = body.get("player_context") or {}
    strategy = body.get("strategy", "once")
    if strategy == "per_playthrough":
        scope["playthrough"] = text(context["playthrough_id"])
    elif strategy == "per_player":
        scope["player"] = text(context["player_id"])
    elif strategy == "always":
        scope["nonce"] = nonce
    if body.get("cache_key") is not None:
        scope["cache_key"] = text(body["cache_key"])
    if body.get("private"):
        scope["private"] = True
    return {
        "v": 1,
        "tenant": tenant,
        "operation": operation,
        "model": model["id"],
        "params": {
            "character": {
                "id": character["id"],
                "version": int(character.get("version", 1)),
                "look": {
                    "body": look["body"],
                    **{name: look[name].lower() for name in ("primary", "secondary", "accent", "backdrop")},
                },
            },
            "cue": cue,
            "prompt": prompt,
            "negative_prompt": text(params.get("negative_prompt") or ""),
            "width": int(pick("width")),
            "height": int(pick("height")),
            "fps": int(pick("fps")),
            "steps": int(pick("steps")),
            "cfg": half_up(pick("cfg") * 100) / 100,
            "duration_ms": usual if duration is None else half_up(duration * 10) * 100,
            "seed": int(params["seed"] if params.get("seed") is not None else character.get("seed", 0)),
        },
        "scope": scope,
    }


ROLES = ["image", "end_image", "mask", "audio", "right_audio", "video"]


def person(side):
    name, context = text(side.get("name", "")), text(side.get("context", ""))
    who = f"a person called {name}" if name else "a person"
    who += f", {context}" if context else ""
    return f"{who}, on a video call in {text(side.get('setting', '')) or 'a professional setting'}"


def order(tenant, body):
    """A request for a model that knows no characters, named by its id."""
    operation, params = body["operation_type"], body["params"]
    model = next(m for m in MODELS if m["id"] == body["model"])
    extra = text(params.get("prompt") or "")
    preset, usual, seed = {}, None, None
    prompt = extra
    if operation in ("state_clip", "npc_response"):
        clip = canonical(tenant, body, "")["params"]
        preset = PRESETS[params.get("quality_preset", "fast")]
        prompt, usual, seed = clip["prompt"], clip["duration_ms"], clip["seed"]
    elif operation == "call_image":
        prompt = (
            "Split-screen video call scene, divided vertically down the middle. "
            f"Left side: {person(params.get('left', {}))}. Right side: {person(params.get('right', {}))}. "
            "Both face the camera, heads and shoulders in frame, mouths visible, as on a video call. "
            "Modern, clean and well lit, with a thin divider in the centre."
        ) + (" " + extra if extra else "")
    inputs = {}
    for role in ROLES:
        given = params.get(role)
        if role == "image" and given is None:
            given = params.get("base_image") or params.get("npc_base_image")
        if given:
            inputs[role] = given["asset"]
    loras = [
        {"name": given, "weight": 0.8} if isinstance(given, str) else given for given in params.get("loras", [])
    ]
    out = {
        "prompt": prompt,
        "negative_prompt": text(params.get("negative_prompt") or ""),
        "inputs": inputs,
        "loras": loras,
    }
    clamp = lambda value, bounds: min(max(value, bounds["min"]), bounds["max"])
    bounds = model.get("dimension_px")
    if bounds:
        for side in ("width", "height"):
            out[side] = params.get(side, clamp(preset.get(side, bounds.get("usual")), bounds))
    elif model.get("sizes"):
        out["width"], out["height"] = model["sizes"][0]
    for name, several in (("resolution", "resolutions"), ("aspect_ratio", "aspect_ratios")):
        if model.get(several):
            out[name] = params.get(name, model[several][0])
    if params.get("duration") is not None:
        out["duration_ms"] = half_up(params["duration"] * 10) * 100
    elif model.get("duration_ms"):
        out["duration_ms"] = clamp(usual, model["duration_ms"]) if usual else model["duration_ms"]["usual"]
    elif model.get("durations_ms"):
        lengths = model["durations_ms"]
        long_enough = [length for length in lengths if length >= (usual or 0)]
        out["duration_ms"] = (min(long_enough) if long_enough else max(lengths)) if usual else lengths[0]
    for name in ("fps", "steps"):
        bounds = model.get(name)
        if bounds:
            fixed = bounds["min"] if bounds["min"] == bounds["max"] else None
            chosen = clamp(preset[name], bounds) if preset else bounds.get("usual", fixed)
            chosen = params.get(name, chosen)
            if chosen is not None:
                out[name] = chosen
    if model.get("guidance"):
        chosen = params.get("cfg", params.get("guidance"))
        chosen = clamp(preset["cfg"], model["guidance"]) if chosen is None and preset else chosen
        if chosen is not None:
            out["guidance"] = chosen
    if params.get("seed") is not None:
        out["seed"] = params["seed"]
    elif seed is not None and model.get("seed"):
        least, most = model["seed"]["min"], model["seed"]["max"]
        out["seed"] = least + seed % (most - least + 1)
    for name in ("strength", "prompt_expansion", "sound"):
        if params.get(name) is not None:
            out[name] = params[name]
    return {
        "v": 1,
        "tenant": tenant,
        "operation": operation,
        "model": model["id"],
        "params": out,
        "scope": {},
    }


def key(canonical_text):
    digest = hashlib.sha256(canonical_text.encode()).digest()[:20]
    return base64.b32encode(digest).decode().lower()


def rows(requests, form):
    made = []
    for request in json.loads((HERE / requests).read_text(encoding="utf-8")):
        canonical_text = jcs(form(request))
        made.append({**request, "canonical": canonical_text, "key": key(canonical_text)})
    return made


def main():
    clips = rows("requests.json", lambda r: canonical(r["tenant"], r["body"], r["nonce"]))
    orders = rows("order_requests.json", lambda r: order(r["tenant"], r["body"]))
    for name, made in (("keys.json", clips), ("orders.json", orders)):
        golden, written = HERE / name, json.dumps(made, ensure_ascii=False, indent=1) + "\n"
        if "--check" not in sys.argv[1:]:
            golden.write_text(written, encoding="utf-8")
        elif golden.read_text(encoding="utf-8") != written:
            sys.exit(f"{name} is not what keys.py computes: a key has moved, or keys.py was not run.")
    agree = "agree with" if "--check" in sys.argv[1:] else "written by"
    print(f"{len(clips) + len(orders)} golden keys {agree} the second implementation.")


if __name__ == "__main__":
    main()
