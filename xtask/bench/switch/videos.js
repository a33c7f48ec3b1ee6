// The strategies that a page can build from `<video>` elements alone.

const CLIPS = 12;
const kept = new Map();

/** The address of a clip whose bytes are in memory. */
async function inMemory(format, clip) {
  const path = `/warm/${format}/${clip}`;
  if (!kept.has(path)) kept.set(path, URL.createObjectURL(await (await fetch(path)).blob()));
  return kept.get(path);
}

let times = 0;
/** An address that nobody has asked for before, behind the bench's network. */
const fromAfar = (format, clip) => `/cold/${format}/${clip}?${(times += 1)}`;

async function addresses(format, cold) {
  const memory = [];
  for (let clip = 0; clip < CLIPS; clip++) memory.push(await inMemory(format, clip));
  return { memory, of: (clip) => (cold ? fromAfar(format, clip) : memory[clip]) };
}

function video() {
  const video = document.createElement("video");
  video.muted = video.playsInline = video.loop = true;
  video.preload = "auto";
  return video;
}

const painted = (video) => new Promise((resolve) => video.requestVideoFrameCallback(resolve));
// Interrupted by the next call, as it may be.
const play = (video) => video.play().catch(() => {});

/** Any clip but the one that is shown. */
const another = (cold, random) =>
  function (made, count) {
    const had = cold ? "cold" : "cached";
    if ((made[had] ?? 0) >= count) return null;
    return { to: (this.current + 1 + Math.floor(random() * (CLIPS - 1))) % CLIPS, had };
  };

/** One element whose `src` changes. */
export async function src({ stage, format, cold, random }) {
  const { memory, of } = await addresses(format, cold);
  const one = video();
  stage.append(one);
  one.src = memory[0];
  play(one);
  await painted(one);
  return {
    current: 0,
    choose: another(cold, random),
    show(clip) {
      one.src = of(clip);
      play(one);
    },
    decoders: () => 1,
    close: () => one.removeAttribute("src"),
  };
}

/** Twelve elements, each paused on its first frame, of which one is on top. Cold, as on a page that was just
 *  opened: all twelve begin to load with the call. */
export async function preloaded({ stage, format, cold, random }) {
  const { memory, of } = await addresses(format, cold);
  const fill = (address) => {
    const all = memory.map((_, clip) => Object.assign(video(), { src: address(clip) }));
    for (const one of all) one.style.opacity = 0;
    stage.replaceChildren(...all);
    return all;
  };
  let all = fill((clip) => memory[clip]);
  await Promise.all(all.map(painted));
  const reveal = (clip) => {
    all[clip].style.opacity = 1;
    play(all[clip]);
  };
  reveal(0);
  return {
    current: 0,
    choose: another(cold, random),
    show(clip) {
      const old = all[this.current];
      if (cold) all = fill(of);
      else {
        old.style.opacity = 0;
        old.pause();
        // Back to its first frame, out of sight.
        old.currentTime = 0;
      }
      reveal(clip);
    },
    decoders: () => all.length,
    close: () => all.forEach((one) => one.removeAttribute("src")),
  };
}

/** Two elements: the hidden one loads, and comes to the front with its first frame. */
export async function buffers({ stage, format, cold, random }) {
  const { memory, of } = await addresses(format, cold);
  let [front, back] = [video(), video()];
  stage.append(front, back);
  back.style.opacity = 0;
  front.src = memory[0];
  play(front);
  await painted(front);
  return {
    current: 0,
    choose: another(cold, random),
    show(clip) {
      const [next, old] = [back, front];
      next.src = of(clip);
      play(next);
      next.requestVideoFrameCallback(() => {
        next.style.opacity = 1;
        old.style.opacity = 0;
        old.pause();
        [front, back] = [next, old];
      });
    },
    decoders: () => 2,
    close() {
      front.removeAttribute("src");
      back.removeAttribute("src");
    },
  };
}

/** One element that loops by itself. */
export async function plainLoop(format) {
  const one = video();
  one.src = await inMemory(format, "loop");
  play(one);
  return one;
}
