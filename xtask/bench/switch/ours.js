// Cuelight as it is shipped, by the methods and events that every page has.
import init from "/cuelight/cuelight.js";

/** The states in the order of the catalogue, which is the order of the clips. */
export const STATES = (await (await fetch("/states.txt")).text()).trim().split(" ");

function character(attributes) {
  const element = document.createElement("cuelight-character");
  const all = { character: "bolt", tier: "enterprise", preset: "fast", endpoint: location.origin, ...attributes };
  for (const [name, value] of Object.entries(all)) element.setAttribute(name, value);
  return element;
}

/** Resolves when the character shows the clip of `state`. */
function shows(element, state) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${state} was never shown`)), 10_000);
    element.addEventListener("cuelight-shown", function told({ detail }) {
      if (detail.kind !== "clip" || detail.cue !== state) return;
      clearTimeout(timer);
      element.removeEventListener("cuelight-shown", told);
      resolve();
    });
  });
}

/** Elements of the module that hold a clip, and so a decoder. */
const decoders = (element) =>
  [...element.shadowRoot.querySelectorAll("video")].filter((video) => video.hasAttribute("src") || video.srcObject).length;

/** The states that wait on a painted first frame, if the module tells. */
function staged(element) {
  const told = element.stats().player?.staged;
  if (!Array.isArray(told)) return null;
  return told.map((entry) => entry?.state ?? entry?.cue ?? entry).filter((state) => STATES.includes(state));
}

/** Warm: all clips are in its memory and it predicts; each call goes to a staged state or to another one,
 *  whichever is still wanted. Cold: a character that has met no clip, and another one when it has met all. */
export async function ours({ stage, format, cold, random, visit }) {
  await init();
  let element;
  let unseen = [];
  const self = {
    current: 0,
    visits: 0,
    async prepare(hold) {
      if (!cold || unseen.length > 0) return;
      hold(0);
      await mount(`bench-${format}-cold-${visit + self.visits}`, false);
      self.visits += 1;
      unseen = STATES.map((_, clip) => clip).filter((clip) => clip !== self.current);
    },
    choose(made, count) {
      const missing = (had) => (made[had] ?? 0) < count;
      const any = (clips) => clips[Math.floor(random() * clips.length)];
      if (cold) {
        if (!missing("cold")) return null;
        const to = any(unseen);
        unseen = unseen.filter((clip) => clip !== to);
        return { to, had: "cold" };
      }
      const ready = staged(element);
      const others = STATES.map((_, clip) => clip).filter((clip) => clip !== self.current);
      const near = others.filter((clip) => ready?.includes(STATES[clip]));
      const far = others.filter((clip) => !near.includes(clip));
      if (missing("staged") && near.length > 0 && (!missing("cached") || random() < 0.5)) {
        return { to: any(near), had: "staged" };
      }
      // A module that never stages anything has no such switches to make.
      if (!missing("cached") && (ready === null || !missing("staged"))) return null;
      return far.length > 0 ? { to: any(far), had: "cached" } : { to: any(near), had: "staged" };
    },
    show: (clip) => element.setState(STATES[clip]),
    decoders: () => decoders(element),
    close: () => element.remove(),
  };

  async function mount(tenant, predict) {
    element?.remove();
    element = character({ tenant, predict });
    const first = shows(element, "idle");
    stage.append(element);
    element.setState("idle");
    await first;
    self.current = STATES.indexOf("idle");
  }

  if (!cold) {
    await mount(`bench-${format}-warm`, true);
    for (const state of [...STATES.filter((state) => state !== "idle"), "idle"]) {
      const shown = shows(element, state);
      element.setState(state);
      await shown;
    }
  }
  return self;
}

/** A character at rest. */
export function ourLoop(format) {
  const element = character({ tenant: `bench-${format}-loop`, predict: false });
  element.setState("idle");
  return element;
}
