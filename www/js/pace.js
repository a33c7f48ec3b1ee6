// Time that can be paused and given up. Everything that waits in a conversation waits here.

const TICK_MS = 40;

/** Thrown out of `wait` when the conversation was stopped. */
export class Stopped extends Error {}

/** A clock of its own: it stands still while paused, and throws once stopped. */
export class Pace {
  #stopped = false;
  paused = false;

  stop() {
    this.#stopped = true;
  }

  /** Waits `ms` of unpaused time. */
  async wait(ms) {
    let left = ms;
    let last = performance.now();
    do {
      if (this.#stopped) throw new Stopped("the conversation was stopped");
      await new Promise((done) => setTimeout(done, Math.min(TICK_MS, Math.max(0, left))));
      const now = performance.now();
      if (!this.paused) left -= now - last;
      last = now;
    } while (left > 0 || this.paused);
    if (this.#stopped) throw new Stopped("the conversation was stopped");
  }
}
