// One resident of the market: what is done to it, how strongly, and which reaction that asks for.
// It never draws; the stage reads it.

import { AT_REST, LEVELS } from "./cast.js";

/** A press shorter than this is a tap and asks once, when it ends, ms. */
const TAP_MS = 160;
/** Between two requests for a growing reaction, ms: stroking must not be a stream of orders. */
const SETTLE_MS = 600;
/** How long a reaction lasts after the last touch, ms. */
const MOOD_MS = 5200;
/** Heat gained in a second by holding still with ordinary pressure, and lost by being left alone. */
const HOLD_HEAT = 0.24;
const COOLING = 0.11;

export class Resident {
  /** 0 to 1: how much was done to it lately. */
  heat = 0;
  /** What it feels, in words, and how strongly; -1 for at rest. */
  says = "is at ease";
  level = -1;
  /** The cue light over the booth: "dark", "standby" (a clip is being made) or "go". */
  light = "dark";
  /** Whether the edge can be reached. */
  online = true;
  /** Whether a reaction was asked for that is not on screen yet. */
  pending = false;
  #actor = null;
  #tool = null;
  #held = false;
  #pressure = 0.5;
  #pressedAt = 0;
  #askedAt = -Infinity;
  #touchedAt = 0;
  #asked = "";
  #changed;

  /** @param part An entry of the cast. @param changed Called when the mood changed. */
  constructor(part, changed) {
    this.part = part;
    this.#changed = changed;
  }

  /** Gives the resident a body. */
  embody(actor) {
    this.#actor = actor;
    this.#ask(AT_REST);
  }

  /** The tool is put on it, with a pressure of 0 to 1. */
  press(tool, now, pressure = 0.5) {
    if (this.#held) return;
    // Another tool is another matter: it starts over.
    if (tool !== this.#tool) this.heat = Math.min(this.heat, 0.1);
    this.#tool = tool;
    this.#held = true;
    this.#pressure = pressure || 0.5;
    this.#pressedAt = now;
    this.#asked = "";
    this.#touchedAt = now;
  }

  /** The tool moves on it, by this share of the booth's width. */
  stroke(distance, pressure = 0.5) {
    if (!this.#held) return;
    this.#pressure = pressure || 0.5;
    this.heat = Math.min(1, this.heat + distance * 0.16 * (0.5 + this.#pressure));
  }

  /** The tool is taken away. */
  release(now) {
    if (!this.#held) return;
    this.#held = false;
    this.#touchedAt = now;
    if (this.#asked === "") this.#react(now);
  }

  get held() {
    return this.#held;
  }

  /** Lets `seconds` pass. */
  step(now, seconds) {
    if (this.#held) {
      this.#touchedAt = now;
      this.heat = Math.min(1, this.heat + HOLD_HEAT * (0.5 + this.#pressure) * seconds);
      if (now - this.#pressedAt > TAP_MS && now - this.#askedAt > SETTLE_MS) this.#react(now);
      return;
    }
    this.heat = Math.max(0, this.heat - COOLING * seconds);
    if (this.level >= 0 && now - this.#touchedAt > MOOD_MS) this.#rest();
  }

  /** Asks the actor what is on screen; a few times a second is enough. */
  look() {
    if (!this.#actor) return;
    const { showing, online } = this.#actor.stats();
    this.online = online !== false;
    this.light = !this.pending && showing === "clip" ? "go" : "standby";
  }

  /** What it was last asked for, and its cue light, for whoever looks in from outside. */
  get snapshot() {
    return { id: this.part.id, cue: this.#actor?.stats().cue ?? "", light: this.light };
  }

  /** Draws the current frame; false when there is none. */
  draw(context, x, y, size) {
    return this.#actor ? this.#actor.draw(context, x, y, size, size) : false;
  }

  #react(now) {
    const level = LEVELS.findLastIndex((step) => this.heat >= step.from);
    const asked = `${this.#tool.id}${level}`;
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.#askedAt = now;
    const { says, ...reaction } = this.part.tastes[this.#tool.id];
    this.level = level;
    this.says = says;
    this.#changed(this);
    this.#ask({ ...reaction, intensity: LEVELS[level].intensity });
  }

  #rest() {
    this.level = -1;
    this.says = "is at ease";
    this.#changed(this);
    this.#ask(AT_REST);
  }

  async #ask(cue) {
    if (!this.#actor) return;
    this.pending = true;
    this.look();
    try {
      // A newer request answers an older one with null, and is itself still pending.
      if ((await this.#actor.request(cue)) !== null) this.pending = false;
    } catch (cause) {
      this.pending = false;
      console.warn(`${this.part.name} missed a cue.`, cause);
    }
    this.look();
  }
}
