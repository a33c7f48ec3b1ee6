/**
 * The published entry, and all that a page pays for before a character is near or wanted. Defines
 * `<cuelight-character>` with its poster, remembers what it is told, and brings the rest when it is
 * time: `cuelight_client.js`, or `reduced.js` where WebAssembly cannot be had. Decides nothing else.
 */
import { nothingYet } from "./pending.js";

/** How far from the viewport a character is brought: about one flick of a finger. */
const NEAR = "400px";
/** How many calls are kept for a character which is not there yet; older ones are forgotten. */
const MOST_CALLS = 256;

/** What a character tells when it cannot be drawn at all. */
const UNDRAWN = ["invalid_request", "placeholder_broken"];

const full = () => import("./cuelight_client.js");

/**
 * Loads the module now instead of when a character is near. `wasm` says where the WebAssembly file is, for
 * a page that keeps it elsewhere, and `rest` where its second half is, if not beside it; only the first call
 * counts.
 */
export default async function init(wasm, rest) {
  await (await full()).open(wasm, rest);
}

// Before anything is loaded: somebody's head and shoulders.
const CSS = `:host{display:inline-block;position:relative;overflow:hidden;width:var(--cuelight-width,240px);aspect-ratio:var(--cuelight-aspect-ratio,1);background:var(--cuelight-background,none)}
:host([hidden]),[hidden]{display:none!important}
slot{display:block;position:absolute;inset:0}
[name=poster]{background:var(--cuelight-placeholder,radial-gradient(circle at 50% 38%,#8886 17%,#0000 17.5%),radial-gradient(circle at 50% 104%,#8886 38%,#0000 38.5%),#8882)}
img,::slotted(*){width:100%;height:100%;object-fit:cover}`;

// A server that renders pages has no HTMLElement; importing there must not fail.
const Base = globalThis.HTMLElement ?? class {};

const TEXTS = "character endpoint tenant preset tier background poster alt loading state-label pause-label".split(" ");
const FLAGS = ["progressive", "announce", "controls", "paused"];

function slot(name) {
  const slot = document.createElement("slot");
  slot.name = name;
  slot.setAttribute("part", name);
  return slot;
}

/** A character that follows a conversation. */
export class CuelightCharacterElement extends Base {
  static observedAttributes = [...TEXTS, ...FLAGS, "max-wait", "crossfade", "max-delay", "predict", "token", "rules"];

  static #near =
    globalThis.IntersectionObserver &&
    new IntersectionObserver(
      (seen) => seen.forEach(({ isIntersecting, target }) => isIntersecting && target.#begin()),
      { rootMargin: NEAR },
    );

  #part = null;
  #turn = null;
  #reduced = false;
  #calls = [];
  #changing = false;
  #stale = false;
  #ended = false;
  #spec = null;
  #rules = null;
  #token = null;
  #poster;
  #fallback;
  #image;

  constructor() {
    super();
    const shadow = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    shadow.adoptedStyleSheets = [sheet];
    // The poster is the first slot: the module takes that away when it shows something.
    shadow.append((this.#poster = slot("poster")), (this.#fallback = slot("fallback")));
    this.#fallback.hidden = true;
    // Both bubble, perhaps from another character inside this one.
    this.addEventListener("cuelight-error", ({ target, detail }) => {
      if (target === this && UNDRAWN.includes(detail.code)) this.#lack(true);
    });
    this.addEventListener("cuelight-shown", ({ target }) => {
      if (target === this) this.#fallback.hidden = true;
    });
  }

  get spec() {
    return this.#spec;
  }

  set spec(spec) {
    this.#spec = spec ?? null;
    this.#changed();
  }

  get rules() {
    return this.#rules;
  }

  set rules(rules) {
    this.#rules = rules ?? null;
    this.#changed();
  }

  // Not readable: what a page can read, any script of the page can.
  set token(token) {
    this.#token = token ?? null;
    this.#changed();
  }

  get state() {
    return this.#part?.state ?? "idle";
  }

  connectedCallback() {
    // Set before the element was defined, a property hides the accessor; it is taken over here.
    for (const [name, value] of Object.entries(this)) {
      if (name in CuelightCharacterElement.prototype) {
        delete this[name];
        this[name] = value;
      }
    }
    this.#ended = false;
    this.#await();
  }

  disconnectedCallback() {
    // Being moved within the page disconnects and connects in one task.
    queueMicrotask(() => this.isConnected || this.destroy());
  }

  attributeChangedCallback(name, _, value) {
    if (name === "token") this.#token = value;
    if (name === "rules") this.#rules = value;
    if (name === "poster") this.#show(value);
    this.#changed();
  }

  send(event) {
    this.#call("send", event);
  }

  setState(state) {
    this.#call("setState", state ?? undefined);
  }

  stats() {
    if (!this.#ended) this.#begin();
    return { ...nothingYet(), ...this.#part?.stats() };
  }

  destroy() {
    CuelightCharacterElement.#near?.unobserve(this);
    this.#leave()?.destroy();
    this.#reduced = false;
    this.#ended = true;
  }

  #call(name, value) {
    if (this.#part) return this.#part[name](value);
    this.#ended = false;
    this.#calls.push([name, value]);
    if (this.#calls.length > MOST_CALLS) this.#calls.shift();
    this.#begin();
  }

  #show(poster) {
    this.#image?.remove();
    if (!poster) return;
    this.#image = Object.assign(document.createElement("img"), { alt: "", src: poster });
    this.#poster.append(this.#image);
  }

  /** Gives whoever acted back, with the poster in its place. */
  #leave() {
    const part = this.#part;
    this.#part = this.#turn = null;
    this.#lack(false);
    return part;
  }

  /**
   * Nothing of the character can be had: what the page has for that takes the poster's place, unless
   * something is on screen. `false`: that is over, and the poster is back.
   */
  #lack(nothing) {
    if (!nothing || !this.#poster.hidden) {
      const stands = nothing && this.#fallback.assignedNodes().length > 0;
      this.#poster.hidden = stands;
      this.#fallback.hidden = !stands;
    }
    if (this.#fallback.hidden || this.getAttribute("role") !== "img") return;
    // What stands inside an image is hidden from who does not see it. Both are written anew with a picture.
    this.setAttribute("role", "group");
    this.removeAttribute("aria-label");
  }

  #await() {
    if (this.#part || !this.isConnected) return;
    const near = CuelightCharacterElement.#near;
    if (near && this.loading !== "eager" && !this.#calls[0]) near.observe(this);
    else this.#begin();
  }

  #changed() {
    if (this.#changing) return;
    this.#changing = true;
    queueMicrotask(() => {
      this.#changing = false;
      if (this.#part) this.#part.configure();
      else if (this.#turn) this.#stale = true;
      else if (!this.#ended) this.#await();
    });
  }

  /** Brings whoever acts, once. There may be nobody: then what is wrong was told, and a change tries again. */
  async #begin() {
    if (this.#part || this.#turn || !this.isConnected) return;
    CuelightCharacterElement.#near?.unobserve(this);
    const turn = (this.#turn = {});
    const part = await this.#bring({
      element: this,
      shadow: this.shadowRoot,
      // Half of the module may be missing, and what draws placeholders with it.
      tell: (error) => {
        this.#tell(error);
        this.#lack(true);
      },
      lack: (nothing) => this.#lack(nothing),
      // Destroyed and begun anew meanwhile, it is another turn's.
      wanted: () => turn === this.#turn && this.isConnected,
      given: () => {
        this.#stale = false;
        const poster = Boolean(this.poster) || this.#poster.assignedNodes().length > 0;
        return { spec: this.#spec, rules: this.#rules, token: this.#token, poster };
      },
      fell: (error, reduced, state) => {
        this.#leave();
        this.#reduced = reduced;
        if (state) this.#calls.unshift(["setState", state]);
        if (error) this.#tell(error);
        this.#begin();
      },
    });
    if (turn !== this.#turn) return part?.destroy();
    this.#turn = null;
    this.#part = part;
    if (!part) this.#lack(true);
    else for (const [name, value] of this.#calls.splice(0)) part[name](value);
    // Changed from inside an event of its own beginning. Not now: a page that is told of every change, and
    // changes something each time, would never be done.
    if (this.#stale) setTimeout(() => this.#changed());
    this.#stale = false;
  }

  async #bring(host) {
    try {
      if (!this.#reduced) return await (await full()).attach(host);
    } catch (error) {
      this.#tell(error);
    }
    // Without this file, too, the element remembers what it is told.
    return import("./reduced.js").then((reduced) => reduced.attach(host), () => null);
  }

  #tell(error) {
    const detail = { code: error.code ?? "module_unavailable", detail: error.message };
    this.dispatchEvent(new CustomEvent("cuelight-error", { bubbles: true, composed: true, detail }));
  }
}

const reflect = (name, attribute, get, set) =>
  Object.defineProperty(CuelightCharacterElement.prototype, name, {
    configurable: true,
    enumerable: true,
    get() {
      return get(this.getAttribute(attribute));
    },
    set(value) {
      const text = set(value);
      if (text == null) this.removeAttribute(attribute);
      else this.setAttribute(attribute, text);
    },
  });
const property = (attribute) => attribute.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
for (const name of TEXTS) reflect(property(name), name, (text) => text ?? "", (value) => value);
for (const name of FLAGS) reflect(name, name, (text) => text !== null, (value) => (value ? "" : null));
reflect("maxWait", "max-wait", (text) => (text !== null && text >= 0 ? Number(text) : 300), (value) => value);
reflect("crossfade", "crossfade", Number, (value) => value);
reflect("maxDelay", "max-delay", Number, (value) => value);
reflect("predict", "predict", (text) => text !== "false", (value) => (value && value !== "false" ? null : "false"));

if (globalThis.customElements && !customElements.get("cuelight-character")) {
  customElements.define("cuelight-character", CuelightCharacterElement);
}
