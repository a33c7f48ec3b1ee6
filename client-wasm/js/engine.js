/**
 * Between the page and the WebAssembly module: brings the module, and lets nothing that breaks in it
 * reach the page. Shipped as `cuelight_client.js`.
 *
 * An exception out of the module leaves its memory half changed, whoever was served. So the module is
 * given up as a whole: whom it served is told, everybody else is brought back in a fresh one, compiled
 * already. The build makes wasm-bindgen's bindings a function, so that there can be another.
 */
import bind from "cuelight-bindings";
import { dress } from "./dress.js";
import { begin, compile, fault, gateOf, hold, imports } from "./halves.js";

export { fault };

/** How often a page is given a fresh module. What breaks more often breaks again. */
const MOST_FALLS = 3;

let compiled;
let current;
let falls = 0;

async function start(wasm, rest) {
  if (falls >= MOST_FALLS) throw fault("panicked", "The module broke too often on this page.");
  compiled ??= compile(wasm ?? new URL("./cuelight_client_bg.wasm", import.meta.url));
  compiled.catch(() => (compiled = undefined));
  const module = await compiled;
  const own = {
    parts: new Set(),
    calling: null,
    fallen: false,
    dead: false,
    exports: null,
    bindings: null,
    gate: gateOf(module),
    rest: restOf(wasm, rest),
  };
  own.bindings = bind({
    Instance: class {},
    instantiate: async (module, bound) => {
      own.imports = bound;
      own.exports = (await WebAssembly.instantiate(module, { ...bound, ...imports(own) })).exports;
      return { instance: { exports: guarded(own) }, module };
    },
  });
  await own.bindings.default({ module_or_path: module });
  begin(own);
  return own;
}

/** Where the rest is: where the page says, or beside the module. */
function restOf(wasm, rest) {
  if (rest) return rest;
  if (!wasm) return new URL("./cuelight_client_rest.wasm", import.meta.url);
  return new URL("cuelight_client_rest.wasm", new URL(wasm, document.baseURI));
}

/** Brings the module, once. A failure may be tried again. */
export function open(wasm, rest) {
  if (!current) {
    const starting = start(wasm, rest);
    starting.catch(() => {
      if (current === starting) current = undefined;
    });
    current = starting;
  }
  return current;
}

/** What a broken module answers: the bindings read numbers, flags and pairs out of it, all of them zero. */
const NOTHING = Object.freeze([]);

function guarded(own) {
  const calls = {};
  for (const [name, value] of Object.entries(own.exports)) {
    calls[name] =
      typeof value !== "function"
        ? value
        : (...given) => {
            if (own.dead) return NOTHING;
            try {
              return value(...given);
            } catch (error) {
              fall(own, error);
              return NOTHING;
            }
          };
  }
  return calls;
}

function fall(own, error) {
  if (own.fallen) return;
  own.fallen = true;
  falls += 1;
  current = undefined;
  console.error("The Cuelight module broke.", error);
  const id = own.exports.serving();
  const served = own.calling ?? [...own.parts].find((part) => part.id === id);
  // Not now: the module may be in the middle of calling the page.
  queueMicrotask(() => {
    const parts = [...own.parts];
    for (const part of parts) part.release();
    own.dead = true;
    const detail = fault("panicked", `The Cuelight module broke: ${error?.message ?? error}`);
    for (const part of parts) part.fell(part === served ? detail : null);
  });
}

/** Calls the module, and remembers for whom. Nothing comes of it once the module is broken. */
export function serve(own, part, use) {
  const before = own.calling;
  own.calling = part;
  try {
    const answer = use(part.handle);
    return own.fallen ? undefined : answer;
  } finally {
    own.calling = before;
  }
}

export function release(part) {
  const { handle } = part;
  part.handle = null;
  // A response graph holds nothing that is not freed with it.
  handle?.destroy?.();
  // Not now: a page may let go of a character from inside its own event, while the handle is in use.
  queueMicrotask(() => handle?.free());
}

/** What the first half knows nothing of. Whoever asks for it waits for the rest, and stops no page for it. */
const LATER = ["background", "crossfade", "max-delay", "max-wait", "paused", "progressive", "role", "state-label"];

/** A character behind an element; null when its options are not usable, which was told. */
export async function attach({ element, shadow, given, wanted, fell, tell }) {
  const own = await open();
  if (!wanted()) return null;
  dress(shadow);
  const options = () => {
    const { spec, rules, token, poster } = given();
    const number = (name) => (element.hasAttribute(name) ? Number(element.getAttribute(name)) : null);
    return {
      character: spec ?? element.getAttribute("character"),
      endpoint: element.getAttribute("endpoint"),
      tenant: element.getAttribute("tenant"),
      preset: element.getAttribute("preset"),
      tier: element.getAttribute("tier"),
      maxWait: number("max-wait"),
      crossfade: number("crossfade"),
      maxDelay: number("max-delay"),
      progressive: element.progressive,
      background: element.getAttribute("background"),
      predict: element.predict,
      poster,
      rules,
      token,
    };
  };
  let override;
  const part = {
    id: 0,
    handle: null,
    tell,
    release: () => release(part),
    fell(error) {
      part.gone = true;
      // What a broken module could not take away itself.
      for (const video of shadow.querySelectorAll("video")) {
        video.removeAttribute("src");
        video.load();
      }
      for (const left of [...shadow.children]) if (left.localName !== "slot") left.remove();
      fell(error, error !== null, override);
    },
  };
  own.parts.add(part);
  const { spec, rules } = given();
  const { character, endpoint } = element;
  own.endpoint ??= endpoint;
  const other = spec || rules || !character || endpoint !== own.endpoint;
  if (other || LATER.some((name) => element.hasAttribute(name))) {
    // It was told when it was missed first.
    if (own.lacks && !own.whole) tell(own.lacks);
    await new Promise((then) => hold(own, then));
    if (part.gone || !wanted()) {
      own.parts.delete(part);
      return null;
    }
  }
  part.handle = serve(own, part, () => new own.bindings.CharacterHandle(element, shadow, options()));
  // fell() is told of it, and begins anew.
  if (!part.handle) return null;
  if (!part.handle.ready()) {
    own.parts.delete(part);
    part.release();
    return null;
  }
  part.id = part.handle.id;
  const call = (use) => {
    if (part.handle && !own.fallen) return serve(own, part, use);
  };
  return {
    send: (event) => hold(own, () => call((handle) => handle.send(event))),
    setState(state) {
      override = state;
      hold(own, () => call((handle) => handle.setState(state)));
    },
    configure: () => hold(own, () => call((handle) => handle.configure(options()))),
    get state() {
      return call((handle) => handle.state);
    },
    stats: () => (own.whole ? call((handle) => ({ ...handle.stats(), mode: "full" })) : {}),
    destroy() {
      own.parts.delete(part);
      call(() => part.release());
    },
  };
}
