/**
 * The WebAssembly module in two halves: what the first frame takes, and the rest, which is brought as soon as
 * that frame is there, when something is needed that it holds, or after a while. Knows nothing of characters.
 */

export const fault = (code, message) => Object.assign(new Error(message), { code });

/** When the rest is brought if no frame came so far, in milliseconds. */
const AT_THE_LATEST = 1500;
/** How long after a failure it is tried again, in milliseconds; twice as long after each further one. */
const [AGAIN, AGAIN_AT_MOST] = [1000, 30000];

/** Compiled once for a page. A module that broke is replaced by another of the same code. */
let compiledRest;

/** Downloads and compiles a module. */
export async function compile(address, cache = "default") {
  const refused = (why) =>
    fault(
      "webassembly_refused",
      `This page may not run WebAssembly (${why}); its Content-Security-Policy needs 'wasm-unsafe-eval' in script-src.`,
    );
  if (typeof WebAssembly !== "object") throw refused("the browser has none");
  const response = await fetch(address, { cache });
  if (!response.ok) throw fault("module_unavailable", `${address} answered ${response.status}.`);
  const whole = response.clone();
  try {
    return await WebAssembly.compileStreaming(response);
  } catch {
    // The wrong media type, or a browser that does not stream: the bytes may be good all the same.
  }
  const bytes = await whole.arrayBuffer();
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw refused(error.message);
  }
}

/** The module's name under which a first half asks for the rest; none: the module is whole. */
export const gateOf = (module) =>
  WebAssembly.Module.imports(module).find((wanted) => wanted.module.startsWith("rest-"))?.module;

/** What `own`, a first half, is given besides its bindings. */
export const imports = (own) => (own.gate ? { [own.gate]: { bring: () => bringNow(own) } } : {});

/** Once `own` can be called: has the rest brought when it is time. */
export function begin(own) {
  own.held = [];
  own.whole = !own.gate;
  if (own.whole) return;
  own.bindings.awaitRest(() => void bring(own));
  if (compiledRest) bring(own);
  else setTimeout(() => bring(own), AT_THE_LATEST);
}

/** Does `use` when the rest is there: now, or in order with what else is held. */
export function hold(own, use) {
  // What was held is older.
  if (own.whole && !own.arriving) return use();
  own.held.push(use);
  if (!own.whole) bring(own);
}

/** Brings the rest, once, and for as long as it takes. */
function bring(own) {
  own.bringing ??= attempt(own, AGAIN);
  return own.bringing;
}

async function attempt(own, pause) {
  try {
    compiledRest ??= compile(own.rest);
    try {
      await link(own, await compiledRest);
    } catch (error) {
      // A browser may have kept the rest of an older module.
      if (!(error instanceof WebAssembly.LinkError)) throw error;
      compiledRest = compile(own.rest, "reload");
      await link(own, await compiledRest);
    }
  } catch (error) {
    compiledRest = undefined;
    if (own.whole || own.dead) return;
    own.lacks = error;
    if (pause === AGAIN) for (const part of own.parts) part.tell?.(error);
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (!own.dead) await attempt(own, Math.min(pause * 2, AGAIN_AT_MOST));
  }
}

async function link(own, module) {
  await WebAssembly.instantiate(module, { ...own.imports, [own.gate]: own.exports });
  arrive(own);
}

/** The rest was called before it was brought: the page waits for it, which is better than a broken character. */
function bringNow(own) {
  if (own.whole) return;
  console.warn("Cuelight waits for the rest of its module.");
  const request = new XMLHttpRequest();
  request.open("GET", own.rest, false);
  // Each byte a character, unchanged.
  request.overrideMimeType("text/plain; charset=x-user-defined");
  request.send();
  if (request.status !== 200) throw fault("module_unavailable", `${own.rest} answered ${request.status}.`);
  const module = new WebAssembly.Module(Uint8Array.from(request.responseText, (byte) => byte.charCodeAt(0)));
  new WebAssembly.Instance(module, { ...own.imports, [own.gate]: own.exports });
  arrive(own);
}

function arrive(own) {
  if (own.whole) return;
  own.whole = own.arriving = true;
  own.exports.rest.value = 1;
  // Not now: the module may be in the middle of a call.
  queueMicrotask(() => {
    if (own.dead || own.fallen) return;
    own.bindings.restIsHere();
    drain(own);
  });
}

/** Does what is held, in order. What the page has wrong in one of them is reported, and stops no other. */
function drain(own) {
  try {
    while (own.held[0]) own.held.shift()();
  } finally {
    if (own.held[0]) queueMicrotask(() => drain(own));
    else own.arriving = false;
  }
}
