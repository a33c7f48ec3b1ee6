/**
 * The entry for games, in a folder of its own with a module of its own: all of `cuelight.js`, and
 * besides it characters that the game draws, and response graphs. Decides nothing else.
 */
import { nothingYet } from "./pending.js";

export { default, CuelightCharacterElement } from "./cuelight.js";

const full = () => import("./cuelight_client.js");

/** A character that a game draws. */
export class CuelightActor {
  #options;
  #part = null;
  #ready;
  #destroyed = false;
  #paused = false;
  #asked = 0;

  constructor(options) {
    this.#options = options;
    this.#begin();
  }

  async request(cue, options) {
    const asked = ++this.#asked;
    if (!this.#part && !this.#destroyed) await (this.#ready ?? this.#begin());
    return asked === this.#asked && this.#part ? this.#part.request(cue, options) : null;
  }

  set token(token) {
    this.#options = { ...this.#options, token: token ?? null };
    this.#part?.setToken(token);
  }

  get paused() {
    return this.#paused;
  }

  set paused(paused) {
    this.#paused = Boolean(paused);
    this.#part?.setPaused(this.#paused);
  }

  get frame() {
    return this.#part?.frame ?? null;
  }

  draw(context, x, y, width, height) {
    return this.#part?.draw(context, x, y, width, height) ?? false;
  }

  upload(gl, texture) {
    return this.#part?.upload(gl, texture) ?? false;
  }

  stats() {
    return { ...nothingYet(), ...this.#part?.stats() };
  }

  destroy() {
    this.#destroyed = true;
    this.#part?.destroy();
    this.#part = null;
  }

  #begin() {
    this.#ready = full()
      .then((module) => module.act(this.#options, () => (this.#part = null)))
      .then((part) => {
        if (this.#destroyed) return part.destroy();
        this.#part = part;
        if (this.#paused) part.setPaused(true);
      })
      .finally(() => (this.#ready = null));
    // Told by request(); without one, a failure is nobody's surprise.
    this.#ready.catch(() => {});
    return this.#ready;
  }
}

/** What turns a player's doing into cues. Made by `load`, because the module has to be there. */
export class ResponseGraph {
  #part;

  static async load(definition, seed) {
    const graph = new ResponseGraph();
    graph.#part = await (await full()).graph(definition, seed);
    return graph;
  }

  advance(ms, inputs) {
    return this.#part.advance(ms, inputs);
  }

  get cue() {
    return this.#part.cue;
  }

  get inputs() {
    return this.#part.inputs;
  }

  destroy() {
    this.#part.destroy();
  }
}
