// Puts the night market together: the player's hand and keys, the loop, the HUD. Characters react
// through `Resident`, pictures come from `Stage`.

import { loadCuelight } from "./cuelight-module.js";
import { developmentToken } from "./development-token.js";
import { byId, make } from "./dom.js";
import { CAST, LEVELS, TOOLS } from "./scene/cast.js";
import { Resident } from "./scene/resident.js";
import { Stage } from "./scene/stage.js";

/** How often the cue lights are read, ms. */
const LOOK_MS = 250;
/** Between frames when motion is to be reduced, ms: nothing moves by itself then. */
const CALM_FRAME_MS = 100;

const canvas = byId("scene");
const stage = new Stage(canvas, CAST);
const residents = CAST.map((part) => new Resident(part, tell));
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
const scene = { residents, spotlight: 0, tool: TOOLS[0], hand: { x: 0, y: 0, shown: false, held: false }, paused: false };

let frame = 0;
let last = performance.now();
let looked = 0;
let pointer = null;
let heldKey = "";

function fit() {
  stage.resize(window.innerWidth, window.innerHeight);
  if (!scene.hand.shown) scene.hand.x = window.innerWidth / 2;
  stage.draw(performance.now(), 16, scene);
}

function loop(now) {
  frame = requestAnimationFrame(loop);
  const elapsed = now - last;
  if (calm.matches && elapsed < CALM_FRAME_MS) return;
  last = now;
  const seconds = Math.min(0.1, elapsed / 1000);
  for (const resident of residents) resident.step(now, seconds);
  if (now - looked > LOOK_MS) {
    looked = now;
    for (const resident of residents) resident.look();
    byConnection();
  }
  const held = residents[scene.spotlight];
  if (held.held && Math.random() < 0.2 + held.heat * 0.5) sparkle(scene.spotlight);
  byMeter(held.heat);
  stage.draw(now, elapsed, scene);
}

function sparkle(index) {
  const { x, y, w, h } = stage.layout.booths[index];
  const free = !scene.hand.shown;
  stage.particles.spark(free ? x + w / 2 : scene.hand.x, free ? y + h * 0.5 : scene.hand.y, scene.tool.spark, w * 0.35);
}

/** Runs the loop exactly while somebody can see it and the game is not paused. */
function runOrRest() {
  cancelAnimationFrame(frame);
  stage.lively = !calm.matches;
  if (document.hidden || scene.paused) {
    letGo();
    stage.draw(performance.now(), 16, scene);
    return;
  }
  last = performance.now();
  frame = requestAnimationFrame(loop);
}

// While the edge cannot be reached, whoever sees drawings is told why, and when that is over.

let reached = true;

function byConnection() {
  const now = residents.every((resident) => resident.online);
  if (now === reached) return;
  reached = now;
  byId("notice").hidden = reached;
  byId("notice").textContent = reached ? "" : "The residents' clips cannot be reached just now. Something close stands in until they can.";
}

// The HUD.

const meter = byId("meter");
const bar = meter.firstElementChild;
let metered = -1;

function byMeter(heat) {
  const percent = Math.round(heat * 100);
  if (percent === metered) return;
  metered = percent;
  bar.style.transform = `scaleX(${percent / 100})`;
  meter.setAttribute("aria-valuenow", (percent / 100).toFixed(2));
}

function moodOf({ says, level }) {
  return level < 0 ? says : `${says}, ${LEVELS[level].word}`;
}

/** Says in words what a resident feels now. */
function tell(resident) {
  const row = byId(`mood-${resident.part.id}`);
  row.textContent = `${resident.part.name} ${moodOf(resident)}`;
  row.dataset.level = String(resident.level);
  if (resident.level >= 0) byId("live").textContent = row.textContent;
  if (resident === residents[scene.spotlight]) light(scene.spotlight);
}

/** Moves the spotlight. */
function light(index) {
  scene.spotlight = (index + residents.length) % residents.length;
  const resident = residents[scene.spotlight];
  byId("who").textContent = resident.part.name;
  byId("feels").textContent = moodOf(resident);
}

function choose(tool) {
  scene.tool = tool;
  byId(`tool-${tool.id}`).checked = true;
}

function icon(tool) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 48 48");
  svg.setAttribute("aria-hidden", "true");
  for (const [d, fill, stroke] of tool.shapes) {
    const path = document.createElementNS(space, "path");
    for (const [name, value] of Object.entries({ d, fill: fill || "none", stroke: stroke || "none", "stroke-width": "2.6", "stroke-linecap": "round" })) {
      path.setAttribute(name, value);
    }
    svg.append(path);
  }
  return svg;
}

function buildHud() {
  for (const tool of TOOLS) {
    const input = make("input");
    Object.assign(input, { type: "radio", name: "tool", id: `tool-${tool.id}`, value: tool.id, checked: tool === scene.tool });
    input.dataset.testid = `tool-${tool.id}`;
    input.addEventListener("change", () => choose(tool));
    byId("tools").append(make("label", "tool", "", [input, icon(tool), make("span", "", tool.name)]));
  }
  for (const { part } of residents) {
    const row = make("li", "", `${part.name} is at ease`);
    row.id = `mood-${part.id}`;
    row.dataset.testid = row.id;
    byId("roster").append(row);
  }
  byId("pause").addEventListener("click", () => pause(!scene.paused));
}

function pause(paused) {
  scene.paused = paused;
  byId("pause").setAttribute("aria-pressed", String(paused));
  byId("pause").textContent = paused ? "Go on" : "Pause";
  runOrRest();
}

// The player's hand.

function letGo() {
  const now = performance.now();
  for (const resident of residents) resident.release(now);
  scene.hand.held = false;
  pointer = null;
  heldKey = "";
}

function moveHand(event) {
  const { hand } = scene;
  const moved = Math.hypot(event.clientX - hand.x, event.clientY - hand.y);
  hand.x = event.clientX;
  hand.y = event.clientY;
  hand.shown = true;
  return moved;
}

function takePointer() {
  canvas.addEventListener("pointerdown", (event) => {
    if (scene.paused || pointer !== null || event.button !== 0) return;
    moveHand(event);
    const index = stage.at(event.clientX, event.clientY);
    if (index < 0) return;
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    scene.hand.held = true;
    light(index);
    residents[index].press(scene.tool, performance.now(), event.pressure);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (pointer !== null && event.pointerId !== pointer) return;
    const moved = moveHand(event);
    if (pointer !== null) residents[scene.spotlight].stroke(moved / stage.layout.booths[0].w, event.pressure);
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(kind, (event) => {
      if (event.pointerId !== pointer) return;
      letGo();
      if (event.pointerType !== "mouse") scene.hand.shown = false;
    });
  }
  canvas.addEventListener("pointerleave", () => {
    if (pointer === null) scene.hand.shown = false;
  });
  window.addEventListener("blur", letGo);
}

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

function takeKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onControl = event.target.closest("a, button, input");
    const tool = TOOLS[Number(event.key) - 1];
    const step = STEPS[event.key] ?? (event.key === "ArrowUp" ? -stage.layout.columns : event.key === "ArrowDown" ? stage.layout.columns : 0);
    if (tool) choose(tool);
    else if (event.key.toLowerCase() === "p") pause(!scene.paused);
    else if (onControl || scene.paused) return;
    else if (step !== 0) {
      letGo();
      scene.hand.shown = false;
      light(scene.spotlight + step);
    } else if (event.key === " " || event.key === "Enter") {
      if (!event.repeat && pointer === null) {
        heldKey = event.key;
        scene.hand.shown = false;
        residents[scene.spotlight].press(scene.tool, performance.now());
      }
    } else return;
    event.preventDefault();
  });
  document.addEventListener("keyup", (event) => {
    if (event.key === heldKey) letGo();
  });
}

buildHud();
takePointer();
takeKeys();
light(0);
fit();
window.addEventListener("resize", fit);
document.addEventListener("visibilitychange", runOrRest);
calm.addEventListener("change", runOrRest);
runOrRest();
document.documentElement.dataset.ready = "true";

// For the console and for tests, to look and not to touch: `scene.actors` lists who is asked for what,
// and whether its clip is on screen ("go").
Object.defineProperty(window, "scene", { value: Object.freeze({ get actors() { return residents.map((r) => r.snapshot); } }) });

// One token for all, and asked for while the module loads.
const [cuelight, token] = await Promise.all([
  // The residents are wanted at once, so the WebAssembly is, too.
  loadCuelight("/cuelight/game/cuelight-game.js", (module) => module.default()),
  developmentToken.ask(),
]);
if (cuelight) {
  const tokenSource = () => developmentToken.ask();
  const actors = residents.map(({ part }) => new cuelight.CuelightActor({ character: part.id, preset: "fast", tier: "enterprise", token, tokenSource }));
  residents.forEach((resident, index) => resident.embody(actors[index]));
  developmentToken.addEventListener("change", () => {
    for (const actor of actors) actor.token = developmentToken.value;
  });
} else {
  byId("notice").hidden = false;
  byId("notice").textContent = "The residents are not at home: their module could not be loaded. The market is open all the same.";
}
document.documentElement.dataset.cast = cuelight ? "ready" : "missing";
