// Makes the calls. Never judges them: what was on screen is seen from outside, by the slate's number.
import { ours, ourLoop, STATES } from "./ours.js";
import { buffers, preloaded, src, plainLoop } from "./videos.js";
import { webcodecs } from "./webcodecs.js";

const STRATEGIES = { src, preloaded, buffers, webcodecs, ours };
/** The longest that a clip may take to be seen, in ms. */
const PATIENCE = 5000;
/** Between what was seen and the next call, in ms: no fixed place in a frame's time. */
const [SHORTEST, LONGEST] = [60, 160];

const stage = document.getElementById("stage");
const slate = document.getElementById("slate");
for (let i = 0; i < 16; i++) slate.append(document.createElement("i"));

// White, black, twelve bits, even parity, white.
function hold(number) {
  const bits = [1, 0];
  for (let place = 11; place >= 0; place--) bits.push((number >> place) & 1);
  bits.push(bits.slice(2).reduce((sum, bit) => sum ^ bit, 0), 1);
  bits.forEach((bit, cell) => (slate.children[cell].style.background = bit ? "#fff" : "#000"));
}

// A page in use: something changes in every frame, so that every frame is composited. It changes all over, and
// too little to be seen: a screencast takes a small thing that moves, such as a clip, for the only one that
// counts, and films no more frames than it has.
const pulse = document.getElementById("pulse");
let beats = 0;
(function animate() {
  pulse.style.background = (beats += 1) % 2 ? "#00000002" : "#ffffff02";
  requestAnimationFrame(animate);
})();

/** A seeded sequence of numbers from 0 to 1 (Lehmer's, modulus 2^31 - 1). */
function dice(seed) {
  let state = (seed % 2147483646) + 1;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const nextFrame = () => new Promise((resolve) => requestAnimationFrame(() => resolve(performance.now())));

let awaited = null;
let last = 0;

/** Resolves once `clip` was seen with the slate `number`; to false when it is not, for long. */
function seenBy(number, clip) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), PATIENCE);
    awaited = (slate, what) => {
      if (slate !== number || what !== clip) return;
      clearTimeout(timer);
      awaited = null;
      resolve(true);
    };
  });
}

/**
 * Makes `count` switches of each kind the strategy can make (`staged`, `cached` or `cold`) and returns a
 * record of each.
 */
async function turn({ strategy: name, format, cold, count, seed, visit }) {
  const random = dice(seed);
  hold(0);
  const strategy = await STRATEGIES[name]({ stage, format, cold, random, visit });
  const calls = [];
  let since = null;
  const made = {};
  let idle = 0;
  while (idle < 3 * count) {
    await strategy.prepare?.(hold);
    await pause(SHORTEST + random() * (LONGEST - SHORTEST));
    const choice = strategy.choose(made, count);
    if (choice === null) break;
    // Nothing of the kind that is still to be made is at hand; another switch brings other chances.
    if ((made[choice.had] ?? 0) >= count) idle += 1;
    const { to, had } = choice;
    const from = strategy.current;
    // Never that of a turn just before, whose last frames may still be on their way.
    const number = (last = (last % 4000) + 1);
    since ??= beats;
    hold(number);
    const called = performance.now();
    strategy.show(to);
    strategy.current = to;
    const frame = await nextFrame();
    const decoders = strategy.decoders();
    const seen = await seenBy(number, to);
    calls.push({ number, from, to, had, perfect: frame - called, decoders: Math.max(decoders, strategy.decoders()), seen });
    made[had] = (made[had] ?? 0) + 1;
    if (calls.length >= 3000) break;
  }
  // What follows the last switch is watched as long as what follows any other.
  await pause(SHORTEST);
  const animated = beats - (since ?? beats);
  hold(0);
  strategy.close();
  stage.replaceChildren();
  return { calls, animated, used: strategy.visits ?? 0 };
}

/** Shows one loop for `seconds`, by ours or by an element that loops by itself. Never two at once: where two
 *  videos play, Chromium composites a page half as often. */
async function loop({ strategy, format, seconds }) {
  hold(0);
  stage.append(strategy === "ours" ? ourLoop(format) : await plainLoop(format));
  await pause(2000);
  hold(1);
  await pause(seconds * 1000);
  hold(0);
  await pause(100);
  stage.replaceChildren();
}

hold(0);
globalThis.bench = {
  turn,
  loop,
  states: STATES,
  seen: (slate, clip) => awaited?.(slate, clip),
};
