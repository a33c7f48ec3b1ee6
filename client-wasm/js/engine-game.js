/**
 * What games use of the WebAssembly module, beyond what an element does: characters that the game draws,
 * and response graphs. Shipped as `cuelight_client.js` of the game's folder.
 */
import { fault, open, release, serve } from "./engine.js";

export { attach, open } from "./engine.js";

const broke = () => fault("panicked", "The Cuelight module broke; ask again.");

/**
 * A part of the page that the module serves. `fell` is called when it can be used no more: with what broke if
 * the module broke under this part, and else with null.
 */
async function enlist(make, fell) {
  let own;
  // It may have broken between being there and being used.
  do own = await open();
  while (own.fallen);
  const part = { id: 0, handle: null, release: () => release(part), fell };
  part.handle = serve(own, part, () => make(own.bindings));
  if (!part.handle) throw broke();
  own.parts.add(part);
  part.id = part.handle.id;
  return {
    call(use) {
      if (part.handle && !own.fallen) return serve(own, part, use);
    },
    end() {
      own.parts.delete(part);
      if (part.handle && !own.fallen) serve(own, part, () => part.release());
    },
  };
}

/**
 * A character that a game draws. `fell` is called as `enlist` does, and another is to be made. A request that
 * had no answer then rejects if the module broke under it, and else resolves with nothing: to be asked again.
 */
export async function act(options, fell) {
  let left = () => {};
  const { call, end } = await enlist(
    ({ ActorHandle }) => new ActorHandle(options),
    (error) => {
      fell(error);
      left(error);
    },
  );
  return {
    request: (cue, options) =>
      new Promise((resolve, refuse) => {
        left = (error) => (error ? refuse(broke()) : resolve());
        const answer = call((handle) => handle.request(cue, options));
        Promise.resolve(answer).then((shown) => resolve(shown ?? null), refuse);
      }),
    setToken: (token) => call((handle) => handle.setToken(token ?? undefined)),
    setPaused: (paused) => call((handle) => handle.setPaused(paused)),
    setVisible: (fraction, area) => call((handle) => handle.setVisible(fraction, area)),
    get frame() {
      return call((handle) => handle.frame);
    },
    draw: (...given) => call((handle) => handle.draw(...given)),
    upload: (gl, texture) => call((handle) => handle.upload(gl, texture)),
    stats: () => call((handle) => ({ ...handle.stats(), mode: "full" })),
    destroy: end,
  };
}

/** A running response graph. Once the module breaks, it says so at every step. */
export async function graph(definition, seed) {
  const part = await enlist(
    ({ ResponseGraph }) => new ResponseGraph(definition, seed),
    () => {},
  );
  return {
    advance(ms, inputs) {
      const cue = part.call((graph) => graph.advance(ms, inputs));
      if (cue === undefined) throw fault("panicked", "The Cuelight module broke; load the graph again.");
      return cue;
    },
    get cue() {
      return part.call((graph) => graph.cue) ?? null;
    },
    get inputs() {
      return part.call((graph) => graph.inputs) ?? [];
    },
    destroy: part.end,
  };
}
