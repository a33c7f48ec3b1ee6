/**
 * A character where WebAssembly cannot be had: the same calls and events, its state, and a picture of
 * it that the edge draws. Plays no clips, asks for none and predicts nothing.
 */
import { states } from "../../core/catalog/states.json";
import { characters } from "../../core/catalog/characters.json";

const TIERS = ["free", "pro", "enterprise"];
/** What each event shows, before the plan is looked at. */
const SHOWS = {
  opened: "greeting",
  closed: "farewell",
  hover: "greeting",
  typing: "listening",
  sent: "thinking",
  "stream-started": "thinking",
  "stream-token": "talking",
  "stream-ended": "idle",
  error: "idle",
};
/** Events that change nothing here. */
const UNHEARD = ["message", "sentiment", "confidence", "off-topic"];
/** What a state of a page's own is where the page does not say. */
const USUAL = { tier: "free", play: "held", duration_ms: 3000, fallback: ["idle"] };

/** The states that a page gives, none of them checked: that takes the module. */
function ownStates(rules) {
  try {
    const { states } = typeof rules === "string" ? JSON.parse(rules) : rules;
    return states.filter((state) => state && [].concat(state.fallback ?? []).every((id) => typeof id === "string"));
  } catch {
    return [];
  }
}

/** A character behind an element. */
export function attach({ element, shadow, given }) {
  const image = document.createElement("img");
  const fallback = document.createElement("slot");
  const status = document.createElement("div");
  let now = "idle";
  let cue = "";
  let forced = null;
  let moment = "idle";
  let timer;
  let announced;

  const tell = (name, detail) =>
    element.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
  const complain = (code, detail) => tell("cuelight-error", { code, detail });
  const character = () => given().spec ?? element.character;

  const known = (id) => states.find((state) => state.id === id);
  const find = (id) => {
    const own = ownStates(given().rules).find((state) => state.id === id);
    return own ? { label: id, ...USUAL, ...known(id), ...own } : known(id);
  };

  /** The state, or the first of those that stand in for it, that the plan has. */
  const allowed = (id) => {
    const within = (state) => state && TIERS.indexOf(state.tier) <= Math.max(0, TIERS.indexOf(element.tier));
    return [id].concat(find(id)?.fallback).find((name) => within(find(name))) ?? "idle";
  };

  const picture = () => {
    const who = character();
    const origin = (element.endpoint || location.origin).replace(/\/+$/, "");
    const stance = [now].concat(find(now)?.fallback).find(known) ?? "idle";
    const address = new URL(`${origin}/placeholders/${stance}.svg`);
    const bare = (colour) => colour.replace("#", "");
    if (typeof who === "string") address.searchParams.set("character", who);
    else for (const [name, value] of Object.entries(who?.look ?? {})) address.searchParams.set(name, bare(value));
    return address.href;
  };

  const label = () => {
    const who = character();
    const built = characters.find(({ id }) => id === who);
    return `${who?.name ?? built?.name ?? who?.id ?? (who || "The character")} is ${find(now)?.label ?? now}`;
  };

  const describe = () => {
    const alt = element.getAttribute("alt");
    element.setAttribute("role", alt === "" ? "presentation" : element.announce ? "group" : "img");
    if (alt === "") element.removeAttribute("aria-label");
    else element.setAttribute("aria-label", alt ?? label());
    status.remove();
    if (element.announce) shadow.append(status);
  };

  const show = () => {
    const since = performance.now();
    cue = now;
    describe();
    // The page's own poster is better than a stranger's picture.
    const own = element.poster || element.querySelector(":scope > [slot=poster]");
    image.hidden = Boolean(own);
    fallback.hidden = true;
    if (own) return;
    image.onload = () => {
      const waitedMs = Math.round(performance.now() - since);
      tell("cuelight-shown", { kind: "placeholder", key: "", from: "placeholder", waitedMs, cue, staged: false });
    };
    image.onerror = () => {
      image.hidden = true;
      fallback.hidden = !element.querySelector(":scope > [slot=fallback]");
    };
    image.src = picture();
  };

  const settle = (cause) => {
    clearTimeout(timer);
    const next = allowed(forced ?? moment);
    const state = find(next);
    if (!forced && state.play === "once") {
      timer = setTimeout(() => {
        moment = "idle";
        settle("ended");
      }, state.duration_ms);
    }
    if (next === now) return;
    const previous = now;
    now = next;
    tell("cuelight-state", { state: now, previous, cause });
    show();
    announced ??= setTimeout(() => {
      announced = undefined;
      status.textContent = label();
    }, 3000);
  };

  image.alt = "";
  image.setAttribute("part", "still");
  image.style.cssText = "position:absolute;inset:0";
  fallback.name = "fallback";
  fallback.setAttribute("part", "fallback");
  status.setAttribute("role", "status");
  status.setAttribute("part", "status");
  status.style.cssText = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)";
  shadow.append(image, fallback);
  show();

  return {
    send(event) {
      const type = event?.type;
      if (UNHEARD.includes(type)) return;
      if (!Object.hasOwn(SHOWS, type)) return complain("invalid_event", `This is no conversation event: ${type}.`);
      moment = SHOWS[type];
      settle(type);
    },
    setState(state) {
      if (state && !find(state)) return complain("unknown_state", `There is no state ${state}.`);
      forced = state || null;
      settle("override");
    },
    configure() {
      settle("options");
      show();
    },
    get state() {
      return now;
    },
    stats: () => ({ mode: "reduced", state: now, cue }),
    destroy() {
      clearTimeout(timer);
      clearTimeout(announced);
      image.onload = image.onerror = null;
      image.remove();
      fallback.remove();
      status.remove();
    },
  };
}
