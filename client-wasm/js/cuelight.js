/**
 * The published entry: loads the WebAssembly module, defines `<cuelight-character>`, and forwards.
 * Holds no logic: wasm-bindgen cannot extend HTMLElement, so the class statement is here, and
 * everything with a decision in it is in the module.
 */
import load, { ActorHandle, CharacterHandle } from "./cuelight_client.js";

let loading;

/** Loads the module once. A failure may be tried again. */
export default function init() {
  loading ??= load().then(
    () => undefined,
    (error) => {
      loading = undefined;
      throw error;
    },
  );
  return loading;
}

/** What `stats()` says while there is nothing to count: before the module has come, and after the end. */
const nothingYet = () => ({
  state: "idle",
  cue: "",
  showing: "placeholder",
  socket: "closed",
  token: "none",
  limited: null,
  waiting: 0,
  cache: { entries: 0, bytes: 0, hits: 0, misses: 0, evictions: 0 },
  jobs: [],
  predictions: [],
  speculation: { requested: 0, used: 0, wasted: 0, budget: 0 },
});

const NAMES = ["character", "endpoint", "tenant", "preset", "tier", "max-wait", "predict", "announce", "token"];

// A server that renders pages has no HTMLElement; importing there must not fail.
const Base = globalThis.HTMLElement ?? class {};

/** A character that follows a conversation. */
export class CuelightCharacterElement extends Base {
  static observedAttributes = NAMES;

  #handle = null;
  #spec = null;
  #token = null;
  #early = [];
  #changing = false;
  #beginning = false;

  constructor() {
    super();
    const shadow = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(
      ":host{display:inline-block;position:relative;overflow:hidden;width:240px;aspect-ratio:1}:host([hidden]){display:none}",
    );
    shadow.adoptedStyleSheets = [sheet];
  }

  get spec() {
    return this.#spec;
  }

  set spec(spec) {
    this.#spec = spec;
    this.#changed();
  }

  // Not readable: what a page can read, any script of the page can.
  set token(token) {
    this.#token = token ?? null;
    this.#changed();
  }

  get state() {
    return this.#handle?.state ?? "idle";
  }

  connectedCallback() {
    // Set before the element was defined, a property hides the accessor; it is taken over here.
    for (const name of ["spec", "token"]) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
    this.#begin();
  }

  disconnectedCallback() {
    // Being moved within the page disconnects and connects in one task.
    queueMicrotask(() => {
      if (!this.isConnected) {
        this.#handle?.destroy();
        this.#handle?.free();
        this.#handle = null;
      }
    });
  }

  attributeChangedCallback(name, _, value) {
    if (name === "token") this.#token = value;
    this.#changed();
  }

  send(event) {
    if (this.#handle) this.#handle.send(event);
    else this.#early.push(() => this.#handle.send(event));
  }

  setState(state) {
    if (this.#handle) this.#handle.setState(state ?? undefined);
    else this.#early.push(() => this.#handle.setState(state ?? undefined));
  }

  stats() {
    return this.#handle?.stats() ?? nothingYet();
  }

  #options() {
    const wait = this.getAttribute("max-wait");
    return {
      character: this.#spec ?? this.getAttribute("character"),
      endpoint: this.getAttribute("endpoint"),
      tenant: this.getAttribute("tenant"),
      preset: this.getAttribute("preset"),
      tier: this.getAttribute("tier"),
      maxWait: wait === null ? null : Number(wait),
      predict: this.getAttribute("predict") !== "false",
      token: this.#token,
    };
  }

  #begin() {
    if (this.#beginning) return;
    this.#beginning = true;
    init()
      .then(
        () => this.#start(),
        (error) => this.#fail(error),
      )
      .finally(() => {
        this.#beginning = false;
      });
  }

  #start() {
    if (!this.isConnected || this.#handle) return;
    this.#live();
    this.#handle = new CharacterHandle(this, this.shadowRoot, this.#options());
    if (!this.#handle.ready()) {
      this.#handle.free();
      this.#handle = null;
      return;
    }
    for (const call of this.#early.splice(0)) call();
  }

  #changed() {
    if (this.#changing) return;
    this.#changing = true;
    queueMicrotask(() => {
      this.#changing = false;
      this.#live();
      if (this.#handle) this.#handle.configure(this.#options());
      else if (this.isConnected) this.#begin();
    });
  }

  #live() {
    if (this.hasAttribute("announce")) this.setAttribute("aria-live", "polite");
    else this.removeAttribute("aria-live");
  }

  #fail(error) {
    const detail = { code: "module_unavailable", detail: String(error?.message ?? error) };
    this.dispatchEvent(new CustomEvent("cuelight-error", { bubbles: true, composed: true, detail }));
  }
}

/** A character that a game draws. */
export class CuelightActor {
  #handle = null;
  #ready;
  #destroyed = false;
  #asked = 0;
  #options;

  constructor(options) {
    this.#options = options;
    this.#ready = init().then(() => {
      if (!this.#destroyed) this.#handle = new ActorHandle(this.#options);
    });
    // Told by request(); without one, a failure is nobody's surprise.
    this.#ready.catch(() => {});
  }

  async request(cue, options) {
    const asked = ++this.#asked;
    if (!this.#handle) await this.#ready;
    return asked === this.#asked && this.#handle ? this.#handle.request(cue, options) : null;
  }

  set token(token) {
    if (this.#handle) this.#handle.setToken(token ?? undefined);
    else this.#options = { ...this.#options, token: token ?? null };
  }

  get frame() {
    return this.#handle?.frame ?? null;
  }

  draw(context, x, y, width, height) {
    return this.#handle?.draw(context, x, y, width, height) ?? false;
  }

  stats() {
    return this.#handle?.stats() ?? nothingYet();
  }

  destroy() {
    this.#destroyed = true;
    this.#handle?.destroy();
    this.#handle?.free();
    this.#handle = null;
  }
}

if (globalThis.customElements && !customElements.get("cuelight-character")) {
  customElements.define("cuelight-character", CuelightCharacterElement);
}
