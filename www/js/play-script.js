// Plays the whole conversation hands-free, and lets it be paused and stopped. Marks the document
// with `data-script="running"` and `"done"`, which is what tests wait for.

import { CONVERSATION } from "./assistant.js";
import { byId } from "./dom.js";
import { Pace, Stopped } from "./pace.js";

/** After opening: the greeting clip plays out and the character comes to rest, ms. */
const AFTER_OPENING_MS = 4600;
/** Between two turns, so that the mood an answer left is seen, ms. */
const BETWEEN_TURNS_MS = 3000;

export class ScriptPlayer {
  #chat;
  #pace = null;
  #play = byId("play-script");
  #pause = byId("pause-script");
  #stop = byId("stop-script");
  #starts;

  /** @param chat The chat to play in. @param starts Called when a new conversation starts. */
  constructor(chat, starts) {
    this.#chat = chat;
    this.#starts = starts;
    this.#play.addEventListener("click", () => this.play());
    this.#pause.addEventListener("click", () => this.#setPaused(!this.#pace?.paused));
    this.#stop.addEventListener("click", () => this.#pace?.stop());
  }

  async play() {
    const pace = new Pace();
    this.#pace = pace;
    this.#mark("running");
    this.#pause.focus({ preventScroll: true });
    this.#chat.clear();
    this.#chat.handsFree = true;
    this.#starts();
    try {
      this.#chat.open({ focus: false });
      await pace.wait(AFTER_OPENING_MS);
      for (const line of CONVERSATION) {
        await this.#chat.type(line, pace);
        await this.#chat.turn(line, pace);
        await pace.wait(BETWEEN_TURNS_MS);
      }
      this.#mark("done");
    } catch (cause) {
      if (!(cause instanceof Stopped)) throw cause;
      this.#mark("stopped");
    } finally {
      this.#chat.handsFree = false;
      this.#setPaused(false);
    }
  }

  #setPaused(paused) {
    if (this.#pace) this.#pace.paused = paused;
    this.#pause.setAttribute("aria-pressed", String(paused));
    this.#pause.textContent = paused ? "Resume" : "Pause";
  }

  #mark(phase) {
    document.documentElement.dataset.script = phase;
    const running = phase === "running";
    const hadFocus = this.#pause === document.activeElement || this.#stop === document.activeElement;
    this.#play.hidden = running;
    this.#pause.hidden = !running;
    this.#stop.hidden = !running;
    if (hadFocus && !running) this.#play.focus({ preventScroll: true });
  }
}
