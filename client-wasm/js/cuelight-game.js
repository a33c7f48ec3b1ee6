/**
 * The entry for games, in a folder of its own with a module of its own: all of `cuelight.js`, and
 * besides it characters that the game draws, and response graphs. Decides nothing else.
 */
import { nothingYet } from "./pending.js";

export { default, CuelightCharacterElement } from "./cuelight.js";

const full = () => import("./cuelight_client.js");

const isWithin = (value, most) => typeof value === "number" && value >= 0 && value <= most;

/** A character that a game draws. */
export class CuelightActor {
  #options;
  #part = null;
  #ready = null;
  #destroyed = false;
  #paused = false;
  /** How much of it is seen, and its size; null while the game has not said. */
  #seen = null;
  /** The newest request, and the newest of those that were not refused. */
  #asked = null;
  #taken = null;

  constructor(options) {
    this.#options = options;
    this.#begin();
  }

  request(cue, options) {
    return new Promise((resolve, reject) => {
      this.#asked = { cue, options, resolve, reject };
      this.#ask(this.#asked);
    });
  }

  set token(token) {
    this.#part?.setToken(token);
    this.#options = { ...this.#options, token: token ?? null };
  }

  get paused() {
    return this.#paused;
  }

  set paused(paused) {
    this.#paused = Boolean(paused);
    this.#part?.setPaused(this.#paused);
  }

  setVisible(fraction, area) {
    if (!isWithin(fraction, 1)) throw new TypeError("How much of an actor is visible is a number from 0 to 1.");
    if (area != null && !isWithin(area, Number.MAX_VALUE)) {
      throw new TypeError("The size of an actor is a number of CSS px squared, from 0.");
    }
    this.#seen = [fraction, area ?? this.#seen?.[1]];
    this.#part?.setVisible(...this.#seen);
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
    // A module that is just breaking answers nobody.
    this.#asked?.resolve(null);
  }

  #begin() {
    let fallen = false;
    const fell = (error) => {
      fallen = true;
      this.#fell(error);
    };
    let options;
    const ready = full()
      .then((module) => module.act((options = this.#options), fell))
      .then((part) => {
        if (this.#destroyed || fallen) return part.destroy();
        this.#part = part;
        // It may have got another token meanwhile.
        if (this.#options !== options) part.setToken(this.#options.token);
        if (this.#paused) part.setPaused(true);
        if (this.#seen) part.setVisible(...this.#seen);
      })
      .finally(() => {
        if (this.#ready === ready) this.#ready = null;
      });
    // Told by request(); without one, a failure is nobody's surprise.
    ready.catch(() => {});
    this.#ready = ready;
    return ready;
  }

  /** Asks whichever module is there, or comes. The answer of a request counts once. */
  async #ask(asked) {
    try {
      while (!this.#part && !this.#destroyed) await (this.#ready ?? this.#begin());
      if (asked !== this.#asked || !this.#part) return asked.resolve(null);
      const shown = await this.#part.request(asked.cue, asked.options);
      if (shown === undefined && asked === this.#asked) return;
      this.#taken = asked;
      asked.resolve(shown ?? null);
    } catch (error) {
      asked.reject(error);
      if (asked === this.#asked) this.#asked = this.#taken;
    }
  }

  /** The module broke. If not under this actor, it goes on in a fresh one with what was asked for last. */
  #fell(error) {
    const had = this.#part;
    this.#part = null;
    if (this.#destroyed) return;
    if (error) return this.#tell(error);
    this.#begin().catch((why) => this.#tell(why));
    // Without a part, whoever asked still waits for one.
    if (had && this.#asked) this.#ask(this.#asked);
  }

  #tell({ code = "module_unavailable", message }) {
    const { onError } = this.#options;
    if (typeof onError !== "function") return;
    // Not now: what the page throws is reported, and stops nobody.
    queueMicrotask(() => this.#destroyed || onError({ code, detail: message }));
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
