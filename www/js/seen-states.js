// Which of the twelve states were seen, from the character's own events. Shows the count in the
// bar and marks the document with the list; the panel draws the checklist.

import { byId } from "./dom.js";
import { STATES } from "./states.js";

export class SeenStates extends EventTarget {
  #seen = new Set();
  current = "idle";

  constructor(character) {
    super();
    character.addEventListener("cuelight-state", (event) => this.note(event.detail.state));
  }

  has(state) {
    return this.#seen.has(state);
  }

  /** The character is in this state now. */
  note(state) {
    this.current = state;
    if (STATES.some(([id]) => id === state)) this.#seen.add(state);
    this.#tell();
  }

  /** Starts over, with nothing seen. */
  reset() {
    this.#seen.clear();
    this.#tell();
  }

  #tell() {
    byId("seen-count").textContent = String(this.#seen.size);
    document.documentElement.dataset.states = [...this.#seen].join(" ");
    this.dispatchEvent(new Event("change"));
  }
}
