// The chat widget: opening and closing, messages, and one turn of the conversation. It tells the
// character what happens and never decides what the character does about it.

import { answerTo, SUGGESTIONS } from "./assistant.js";
import { byId, make } from "./dom.js";
import { Pace, Stopped } from "./pace.js";

/** How long the assistant pretends to think, ms. Long enough for the thinking to be seen. */
const THINKING_MS = 1300;
/** Between two words of an answer, ms: about the pace of somebody reading along. */
const WORD_MS = 85;
/** How long a goodbye is waved before the chat folds up, ms: the farewell clip and a breath. */
const FAREWELL_MS = 3600;

export class Chat {
  #widget = byId("widget");
  #chat = byId("chat");
  #log = byId("log");
  #input = byId("message");
  #launcher = byId("launcher");
  #chips = byId("chips");
  #character = byId("character");
  /** The pace of the turn that is going on; another turn stops it. */
  #pace = null;
  /** Whether the character was told that somebody is here. */
  #present = false;

  constructor() {
    this.#show(!window.matchMedia("(max-width: 1099px)").matches);
    this.#launcher.addEventListener("click", () => this.open());
    byId("chat-close").addEventListener("click", () => this.close());
    byId("ask").addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask(this.#input.value);
    });
    this.#input.addEventListener("input", () => {
      if (this.#input.value) this.tell({ type: "typing" });
    });
    this.#chat.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
    // The first load shows the character at rest; it greets when somebody turns to it.
    for (const kind of ["pointerdown", "focusin"]) {
      this.#chat.addEventListener(kind, (event) => {
        if (!event.target.closest(".close")) this.enter();
      });
    }
    byId("figure").addEventListener("pointerenter", () => this.tell({ type: "hover" }));
    this.#launcher.addEventListener("pointerenter", () => this.tell({ type: "hover" }));
    this.#chips.append(...SUGGESTIONS.map((text) => this.#chip(text)));
    this.#say("bolt", "Hello, I am Bolt. I know one lamp very well. What would you like to know?");
  }

  /** Tells the character, if there is one: without the module the element has no `send`. */
  tell(event) {
    this.#character.send?.(event);
  }

  get isOpen() {
    return this.#widget.dataset.open === "true";
  }

  /** Opens the widget and moves the focus into it, unless it is played hands-free. */
  open({ focus = true } = {}) {
    this.#show(true);
    this.enter();
    if (focus) (window.matchMedia("(pointer: coarse)").matches ? this.#log : this.#input).focus();
  }

  /** Somebody is here. Said once until the conversation ends. */
  enter() {
    if (this.#present) return;
    this.#present = true;
    this.tell({ type: "opened" });
  }

  /** Ends the conversation and folds the widget up. */
  close() {
    this.interrupt();
    this.#leave();
    const hadFocus = this.#chat.contains(document.activeElement);
    this.#show(false);
    if (hadFocus) this.#launcher.focus();
  }

  /** Ends whatever is being answered. The words that were said stay. */
  interrupt() {
    this.#pace?.stop();
    this.#pace = null;
  }

  /** Forgets the conversation, for a fresh one. */
  clear() {
    this.interrupt();
    this.#log.replaceChildren();
    this.#input.value = "";
    this.#present = false;
  }

  /** While the conversation is played, nobody else types. */
  set handsFree(on) {
    this.#input.readOnly = on;
    for (const chip of this.#chips.children) chip.disabled = on;
  }

  /** Types a text into the field as a person would. */
  async type(text, pace) {
    for (let end = 1; end <= text.length; end += 1) {
      this.#input.value = text.slice(0, end);
      this.tell({ type: "typing" });
      await pace.wait(text[end - 1] === " " ? 62 : 38);
    }
    await pace.wait(350);
  }

  /** Sends a text for the person in front of the screen. */
  async ask(text) {
    this.interrupt();
    const pace = new Pace();
    try {
      await this.turn(text, pace);
    } catch (cause) {
      if (!(cause instanceof Stopped)) throw cause;
    }
  }

  /** One turn: the message goes out, the answer is thought about and streamed. */
  async turn(text, pace) {
    const message = text.trim();
    if (!message) return;
    this.enter();
    this.#pace = pace;
    this.#input.value = "";
    this.#say("you", message);
    this.tell({ type: "sent", text: message });
    const answer = answerTo(message);
    const bubble = this.#pending();
    let streaming = false;
    try {
      await pace.wait(THINKING_MS);
      bubble.classList.remove("pending");
      bubble.replaceChildren();
      this.tell({ type: "stream-started" });
      streaming = true;
      for (const word of answer.text.split(" ")) {
        bubble.append(bubble.textContent ? ` ${word}` : word);
        this.#log.scrollTop = this.#log.scrollHeight;
        this.tell({ type: "stream-token", text: word });
        await pace.wait(/[.!?:]$/.test(word) ? WORD_MS * 3 : WORD_MS);
      }
      // Before the end of the stream, so that the mood follows the last word without a pause.
      for (const report of answer.reports) this.tell(report);
    } finally {
      // A message that nobody will finish is withdrawn; what was said of it stays.
      if (!streaming) bubble.remove();
      this.#log.removeAttribute("aria-busy");
      this.tell({ type: "stream-ended" });
    }
    if (answer.ends) await this.#goodbye(pace);
  }

  async #goodbye(pace) {
    await pace.wait(500);
    this.#leave();
    this.#say("note", "Bolt has said goodbye.");
    await pace.wait(FAREWELL_MS);
    this.#show(false);
    if (document.activeElement === document.body || this.#chat.contains(document.activeElement)) this.#launcher.focus();
  }

  #leave() {
    if (!this.#present) return;
    this.#present = false;
    this.tell({ type: "closed" });
  }

  #show(open) {
    this.#widget.dataset.open = String(open);
    this.#launcher.setAttribute("aria-expanded", String(open));
    this.#chat.inert = !open;
  }

  #chip(text) {
    const chip = make("button", "", text);
    chip.type = "button";
    chip.addEventListener("click", () => this.ask(text));
    return chip;
  }

  #say(who, text) {
    const names = { bolt: "Bolt: ", you: "You: " };
    const message = make("p", who === "note" ? "note" : `from-${who}`);
    if (names[who]) message.append(make("span", "hidden-text", names[who]));
    message.append(text);
    this.#log.append(message);
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #pending() {
    // The words of a stream are announced once, when all are there.
    this.#log.setAttribute("aria-busy", "true");
    const bubble = make("p", "from-bolt pending", "", [make("span"), make("span"), make("span")]);
    this.#log.append(bubble);
    this.#log.scrollTop = this.#log.scrollHeight;
    return bubble;
  }
}
