// The panel "What is happening": reads the character's statistics and events, and shows them.
// It asks for statistics only while it is open, and never changes what the character does.

import { byId, make } from "./dom.js";
import { labelOf, STATES } from "./states.js";

/** How often statistics are read while the panel is open, ms. */
const POLL_MS = 250;
/** How many events are kept. */
const EVENTS = 60;

const SOURCES = { memory: "memory", edge: "the edge", generated: "the edge, made just now" };

export class Panel {
  #panel = byId("panel");
  #toggle = byId("panel-toggle");
  #character;
  #seen;
  #token;
  #timer = 0;
  #shown = null;
  #parts = {};

  /** @param token What the page shows the edge, with `words` about it. */
  constructor(character, seen, token) {
    this.#character = character;
    this.#seen = seen;
    this.#token = token;
    this.#build(byId("panel-body"));
    this.#toggle.addEventListener("click", () => (this.isOpen ? this.close() : this.open()));
    byId("panel-close").addEventListener("click", () => this.close());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.isOpen) this.close();
    });
    seen.addEventListener("change", () => this.#drawChecklist());
    this.#listen();
  }

  get isOpen() {
    return !this.#panel.hidden;
  }

  open() {
    this.#panel.hidden = false;
    this.#toggle.setAttribute("aria-expanded", "true");
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), POLL_MS);
  }

  close() {
    clearInterval(this.#timer);
    const hadFocus = this.#panel.contains(document.activeElement);
    this.#panel.hidden = true;
    this.#toggle.setAttribute("aria-expanded", "false");
    if (hadFocus) this.#toggle.focus();
  }

  #listen() {
    const on = (name, words) => this.#character.addEventListener(name, (event) => this.#log(words(event.detail)));
    on("cuelight-state", (d) => `${d.previous} → ${d.state} (${d.cause})`);
    on("cuelight-job", (d) => `${d.type} ${short(d.cache_key)}${d.progress === undefined ? "" : ` ${percent(d.progress)}`}`);
    on("cuelight-error", (d) => `${d.code}: ${d.detail}`);
    on("cuelight-token-needed", (d) => `another token is needed (${d.code})`);
    on("cuelight-shown", (d) => {
      this.#shown = d;
      return `${d.cue}: ${wordsFor(d)}`;
    });
  }

  #build(body) {
    const section = (title, ...children) => body.append(make("section", "", "", [make("h3", "", title), ...children]));
    const parts = this.#parts;
    parts.bulbs = make("span", "bulbs");
    parts.bulbs.setAttribute("role", "img");
    parts.state = make("b", "", "idle");
    parts.onScreen = make("p", "", "nothing yet");
    section("On screen", make("div", "panel-now", "", [parts.bulbs, make("div", "", "", [parts.state, parts.onScreen])]));

    parts.checklist = make("ul", "checklist");
    for (const [id] of STATES) {
      const item = make("li", "", id);
      item.dataset.state = id;
      item.dataset.testid = `state-${id}`;
      parts.checklist.append(item);
    }
    section("States seen", parts.checklist);

    parts.predictions = make("ul", "bars");
    section("Expected next", parts.predictions);
    parts.jobs = make("ul", "bars");
    section("Clips being made", parts.jobs);
    section("Clip cache", this.#figures(["entries", "size", "hits", "misses", "evictions"]));
    section("Made ahead of need", this.#figures(["requested", "used", "wasted", "budget", "socket"]));
    parts.token = make("p");
    parts.requests = make("p");
    section("The edge", parts.token, parts.requests);

    parts.events = make("ol", "events");
    parts.events.tabIndex = 0;
    parts.events.setAttribute("aria-label", "Events, newest first");
    section("Events", parts.events);
    this.#drawChecklist();
  }

  #figures(names) {
    const list = make("dl");
    for (const name of names) {
      this.#parts[name] = make("dd", "", "–");
      list.append(make("div", "", "", [make("dt", "", name), this.#parts[name]]));
    }
    return list;
  }

  #draw() {
    const stats = this.#character.stats?.();
    if (!stats) {
      this.#parts.onScreen.textContent = "The character is not loaded.";
      return;
    }
    const { bulbs, state, onScreen, predictions, jobs } = this.#parts;
    bulbs.dataset.showing = stats.showing;
    bulbs.setAttribute("aria-label", stats.showing === "clip" ? "Green: a clip plays" : "Amber: a clip is on its way");
    state.textContent = labelOf(stats.state);
    onScreen.textContent = this.#shown ? wordsFor(this.#shown) : "nothing yet";

    const { cache, speculation } = stats;
    this.#figure("entries", cache.entries);
    this.#figure("size", bytes(cache.bytes));
    for (const name of ["hits", "misses", "evictions"]) this.#figure(name, cache[name]);
    for (const name of ["requested", "used", "wasted", "budget"]) this.#figure(name, speculation[name]);
    this.#figure("socket", stats.socket);
    this.#figure("token", `Token: ${stats.token === "needed" ? "another one is needed" : this.#token.words}`);
    this.#figure("requests", `Requests: ${requestsOf(stats)}`);

    bars(predictions, "Nothing is expected.", stats.predictions.slice(0, 5), (p) => [p.cue, p.probability, p.ready, p.ready ? "✓" : ""]);
    bars(jobs, "None at the moment.", stats.jobs.slice(0, 6), (j) => [
      j.speculative ? `${j.cue} (ahead)` : j.cue,
      j.status === "complete" ? 1 : j.progress,
      j.status === "complete",
      j.status === "complete" ? "✓" : "",
      j.status,
    ]);
  }

  #figure(name, value) {
    this.#parts[name].textContent = String(value);
  }

  #drawChecklist() {
    for (const item of this.#parts.checklist.children) {
      const { state } = item.dataset;
      item.dataset.seen = String(this.#seen.has(state));
      item.toggleAttribute("aria-current", false);
      if (state === this.#seen.current) item.setAttribute("aria-current", "true");
      item.textContent = state;
      if (this.#seen.has(state)) item.append(make("span", "hidden-text", ", seen"));
    }
  }

  #log(text) {
    const time = make("time", "", `${(performance.now() / 1000).toFixed(1)} s`);
    const { events } = this.#parts;
    events.prepend(make("li", "", "", [time, make("span", "", text)]));
    while (events.children.length > EVENTS) events.lastChild.remove();
  }
}

/** Whether the edge takes requests, in words. */
function requestsOf({ limited, waiting }) {
  const queue = waiting === 0 ? "" : `, ${waiting} waiting`;
  if (!limited) return `open${queue}`;
  return `${limited.code}, ${Math.max(0, Math.ceil((limited.until - performance.now()) / 1000))} s more${queue}`;
}

/** What came on screen last, in words. */
function wordsFor({ kind, from, waitedMs }) {
  const after = `after ${Math.round(waitedMs)} ms`;
  return kind === "clip" ? `A clip from ${SOURCES[from] ?? from}, ${after}` : `The placeholder, ${after}`;
}

/** Rows of name, bar, percentage and tick. */
function bars(list, none, items, read) {
  if (items.length === 0) {
    list.replaceChildren(make("li", "none", none));
    return;
  }
  const rows = items.map((item) => {
    const [cue, value, ready, tick, title = ""] = read(item);
    const share = Math.min(1, Math.max(0, value ?? 0));
    const fill = make("div", "fill");
    fill.style.transform = `scaleX(${share})`;
    const row = make("li", "", "", [
      make("span", "cue", cue),
      make("div", "track", "", [fill]),
      make("span", "number", percent(share)),
      make("span", "tick", tick),
    ]);
    row.dataset.ready = String(ready);
    if (title) row.title = title;
    return row;
  });
  list.replaceChildren(...rows);
}

const percent = (share) => `${Math.round(share * 100)}%`;
const short = (key = "") => key.slice(0, 6);

function bytes(count) {
  return count < 1_000_000 ? `${Math.round(count / 1000)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}
