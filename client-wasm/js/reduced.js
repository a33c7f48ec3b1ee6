/**
 * A character where WebAssembly cannot be had: the same calls and events, its state, and a picture of
 * it that the edge draws. Plays no clips, asks for none and predicts nothing.
 */
import { dress } from "./dress.js";
import { activities } from "../../core/catalog/rules.json";
import { states } from "../../core/catalog/states.json";
import { characters } from "../../core/catalog/characters.json";

const TIERS = ["free", "pro", "enterprise"];
/** The one-shot that an event brings, if nothing goes on. */
const BRINGS = { opened: "greeting", closed: "farewell", hover: "greeting" };
/** Every event there is. Of these four, moods would follow, which there are none of here. */
const HEARD = new Set(["message", "sentiment", "confidence", "off-topic", ...Object.keys(BRINGS)]);
for (const { starts, ends } of activities) for (const type of [...starts, ...ends]) HEARD.add(type);
/** How long between two announcements at least, in milliseconds: a sentence has been read by then. */
const GAP = 3000;
/** What a state of a page's own is where the page does not say. */
const USUAL = { tier: "free", duration_ms: 3000, fallback: ["idle"] };

/** The states that a page gives, none of them checked: that takes the module. */
function ownStates(rules) {
  try {
    const { states } = typeof rules === "string" ? JSON.parse(rules) : rules;
    return states.filter((state) => state && [].concat(state.fallback ?? []).every((id) => typeof id === "string"));
  } catch {
    return [];
  }
}

/** What is ours to write of what an element is to people who do not see it; another role is the page's. */
const OWN_ROLES = ["group", "presentation", "img"];

/** A character behind an element. */
export function attach({ element, shadow, given, lack }) {
  const image = document.createElement("img");
  const button = document.createElement("button");
  const status = document.createElement("div");
  // What goes on, and when it is over if nothing ends it sooner.
  const active = new Map();
  let once = null;
  let now = "idle";
  let cue = "";
  let forced = null;
  let timer;
  // Runs while nothing more may be said.
  let quiet;
  let unsaid = false;
  let gone = false;
  const before = element.getAttribute("role");
  const owns = {
    role: before === null || OWN_ROLES.includes(before),
    "aria-label": OWN_ROLES.includes(before) || !element.hasAttribute("aria-label"),
  };
  const write = (name, value) => {
    if (!owns[name]) return;
    if (value === null) element.removeAttribute(name);
    else element.setAttribute(name, value);
  };

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
    // Nothing outside a picture can stop what moves in it.
    if (element.paused) address.searchParams.set("still", "1");
    const bare = (colour) => colour.replace("#", "");
    if (typeof who === "string") address.searchParams.set("character", who);
    else for (const [name, value] of Object.entries(who?.look ?? {})) address.searchParams.set(name, bare(value));
    return address.href;
  };

  const label = () => {
    const who = character();
    const built = characters.find(({ id }) => id === who);
    const words = { name: who?.name ?? built?.name ?? who?.id ?? (who || "The character"), state: find(now)?.label ?? now };
    return (element.stateLabel || "{name} is {state}").replaceAll(/{(name|state)}/g, (_, which) => words[which]);
  };

  /** The page's own poster is better than a stranger's picture. */
  const poster = () => Boolean(element.poster || element.querySelector(":scope > [slot=poster]"));

  // Put in once: a status that has just come is not listened to yet.
  const keep = (part, wanted) => {
    if (!wanted) part.remove();
    else if (!part.isConnected) shadow.append(part);
  };

  const describe = () => {
    const alt = element.getAttribute("alt");
    // There is nothing to stop in the page's own picture.
    const controls = element.controls && !poster();
    keep(button, controls);
    button.setAttribute("aria-label", element.pauseLabel || "Pause the animation");
    button.setAttribute("aria-pressed", element.paused);
    keep(status, element.announce);
    if (!element.announce) status.textContent = "";
    const alone = alt === "" ? "presentation" : "img";
    write("role", controls || element.announce ? "group" : alone);
    write("aria-label", alt === "" ? null : (alt ?? label()));
  };

  const say = () => {
    unsaid = false;
    if (!element.announce) return;
    status.textContent = label();
    quiet = setTimeout(() => {
      quiet = undefined;
      if (unsaid) say();
    }, GAP);
  };

  const show = () => {
    const since = performance.now();
    cue = now;
    describe();
    image.hidden = poster();
    if (image.hidden) return lack(false);
    image.onload = () => {
      const waitedMs = Math.round(performance.now() - since);
      lack(false);
      describe();
      tell("cuelight-shown", { kind: "placeholder", key: "", from: "placeholder", waitedMs, cue, staged: false });
    };
    image.onerror = () => {
      image.hidden = true;
      lack(true);
    };
    image.src = picture();
  };

  const settle = (cause) => {
    clearTimeout(timer);
    const time = performance.now();
    for (const [state, until] of active) if (until <= time) active.delete(state);
    const going = activities.find(({ state }) => active.has(state))?.state;
    // Nobody wants the second half of a wave. A page's own length may be no number.
    if (going || !(once?.until > time)) once = null;
    const next = allowed(forced ?? going ?? once?.state ?? "idle");
    const over = Math.min(...active.values(), once?.until ?? Infinity);
    if (over < Infinity) timer = setTimeout(() => settle("ended"), over - time);
    if (next === now) return;
    const previous = now;
    now = next;
    tell("cuelight-state", { state: now, previous, cause });
    // The page may have changed it again from inside the event, or destroyed the character.
    if (gone || now !== next) return;
    show();
    if (quiet) unsaid = true;
    else say();
  };

  image.alt = "";
  image.setAttribute("part", "still");
  image.style.cssText = "position:absolute;inset:0";
  button.type = "button";
  button.setAttribute("part", "pause-button");
  // The attribute is the truth; configure() is told of its change.
  button.onclick = () => element.toggleAttribute("paused");
  status.setAttribute("role", "status");
  status.setAttribute("part", "status");
  dress(shadow);
  shadow.append(image);
  show();

  return {
    send(event) {
      const type = event?.type;
      if (!HEARD.has(type)) {
        const known = [...HEARD].join(", ");
        return complain("invalid_event", `This is no conversation event: ${type}; one of ${known}.`);
      }
      const time = performance.now();
      for (const { state, starts, ends, times_out_ms } of activities) {
        if (ends.includes(type)) active.delete(state);
        if (starts.includes(type)) active.set(state, time + times_out_ms);
      }
      const state = BRINGS[type];
      if (state) once = { state, until: time + find(state).duration_ms };
      settle(type);
    },
    setState(state) {
      if (state && !find(state)) {
        const known = [...new Set([...states, ...ownStates(given().rules)].map(({ id }) => id))].join(", ");
        return complain("unknown_state", `There is no state ${state}; one of ${known}.`);
      }
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
      gone = true;
      clearTimeout(timer);
      clearTimeout(quiet);
      image.onload = image.onerror = null;
      image.remove();
      button.remove();
      status.remove();
      for (const name in owns) write(name, null);
    },
  };
}
