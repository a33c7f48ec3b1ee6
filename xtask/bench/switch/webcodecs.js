// The limit: the first frames of every clip are decoded before anybody asks, and drawn in the task of the call.

const CLIPS = 12;
const FPS = 24;
const FRAME_US = 1e6 / FPS;
/** Frames of each clip that are decoded ahead. */
const AHEAD = 6;
/** Frames that are decoded while a clip plays. */
const IN_FLIGHT = 4;

/** Byte ranges of the frames of an H.264 stream: each begins with an access unit delimiter (type 9). */
function h264(bytes) {
  const starts = [];
  for (let at = 0; at + 4 < bytes.length; at++) {
    if (bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1 && (bytes[at + 3] & 31) === 9) {
      starts.push(at > 0 && bytes[at - 1] === 0 ? at - 1 : at);
    }
  }
  return starts.map((start, i) => bytes.subarray(start, starts[i + 1] ?? bytes.length));
}

/** The frames of an IVF file: a header of 32 bytes, then each with its length and a time before it. */
function ivf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames = [];
  for (let at = 32; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at, true);
    frames.push(bytes.subarray(at + 12, at + 12 + length));
    at += 12 + length;
  }
  return frames;
}

const CODECS = {
  mp4: { codec: "avc1.42001e", split: h264 },
  webm: { codec: "vp09.00.30.08", split: ivf },
};

async function chunks(format, path) {
  const bytes = new Uint8Array(await (await fetch(path)).arrayBuffer());
  return CODECS[format].split(bytes).map((data, i) => ({ type: i === 0 ? "key" : "delta", timestamp: i * FRAME_US, data }));
}

/** Decodes a clip from its start, over and over; `take` gets every frame from the `skip`th on. */
function decoding(format, list, skip, take, failed) {
  let next = 0;
  let out = 0;
  const decoder = new VideoDecoder({
    output: (frame) => (out++ < skip ? frame.close() : take(frame)),
    error: failed,
  });
  decoder.configure({ codec: CODECS[format].codec, optimizeForLatency: true });
  return {
    feed(count) {
      for (let i = 0; i < count; i++) decoder.decode(new EncodedVideoChunk(list[next++ % list.length]));
    },
    flush: () => decoder.flush(),
    close: () => decoder.state === "closed" || decoder.close(),
  };
}

async function firstFrames(format, list) {
  const frames = [];
  const run = decoding(format, list, 0, (frame) => frames.push(frame), (error) => reportError(error));
  run.feed(AHEAD);
  await run.flush();
  run.close();
  return frames;
}

/** A canvas. Warm: the first frames of all clips are decoded. Cold: nothing is there. */
export async function webcodecs({ stage, format, cold, random }) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 512, height: 512 });
  const context = canvas.getContext("2d", { alpha: false });
  const lists = [];
  const ahead = [];
  for (let clip = 0; clip < (cold ? 1 : CLIPS); clip++) {
    lists.push(await chunks(format, `/bare/${format}/${clip}`));
    ahead.push(await firstFrames(format, lists[clip]));
  }
  stage.append(canvas);

  let playing = null;
  let times = 0;
  const draw = (frame) => {
    context.drawImage(frame, 0, 0, canvas.width, canvas.height);
    frame.close();
  };

  function start(list, ready) {
    playing?.stop();
    const queue = ready.map((frame) => frame.clone());
    let waiting = 0;
    const run = decoding(format, list, ready.length, (frame) => {
      waiting -= 1;
      queue.push(frame);
    }, (error) => reportError(error));
    let began = null;
    let drawn = 0;
    let stopped = false;
    run.feed(ready.length);
    const step = () => {
      if (stopped) return;
      // Time begins with the first frame.
      if (queue.length > 0) began ??= performance.now();
      const due = Math.floor(((performance.now() - began) * FPS) / 1000) + 1;
      while (queue.length > 0 && drawn < due) {
        const frame = queue.shift();
        drawn += 1;
        if (drawn < due && queue.length > 0) frame.close();
        else draw(frame);
      }
      const more = IN_FLIGHT - waiting - queue.length;
      if (more > 0) {
        waiting += more;
        run.feed(more);
      }
      requestAnimationFrame(step);
    };
    playing = {
      stop() {
        stopped = true;
        run.close();
        queue.forEach((frame) => frame.close());
      },
    };
    step();
  }

  start(lists[0], ahead[0]);
  return {
    current: 0,
    choose(made, count) {
      const had = cold ? "cold" : "cached";
      if ((made[had] ?? 0) >= count) return null;
      return { to: (this.current + 1 + Math.floor(random() * (CLIPS - 1))) % CLIPS, had };
    },
    async show(clip) {
      if (!cold) return start(lists[clip], ahead[clip]);
      start(await chunks(format, `/bare-cold/${format}/${clip}?${(times += 1)}`), []);
    },
    decoders: () => 1,
    close() {
      playing?.stop();
      ahead.flat().forEach((frame) => frame.close());
    },
  };
}
