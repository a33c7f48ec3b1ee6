// Starts the edge and the plain worker in one workerd, each on a socket of its own, without the proxy
// that `wrangler dev` puts before a worker. Says where they are on one line, then runs until killed.
//
// Arguments: the folder that npm installed into, the edge's folder, the plain worker, the studio's URL.

import { createRequire } from "node:module";
import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";

const [npmFolder, edgeFolder, plainWorker, studio] = process.argv.slice(2);
const require = createRequire(join(npmFolder, "package.json"));
const { Miniflare } = require("miniflare");
const { unstable_getMiniflareWorkerOptions: optionsOf } = require("wrangler");

const CLIP_BYTES = 300_000;
const JOB = {
  operation_type: "state_clip",
  params: { character: "bolt", state: "talking", quality_preset: "fast" },
};
// Both workers have the same storage and the same cache.
const clips = { CLIPS: "bench-clips" };
const socket = [{ host: "127.0.0.1", port: 0 }];

const { workerOptions } = optionsOf(join(edgeFolder, "wrangler.toml"));
// Static files are not measured, and would put another worker before ours.
delete workerOptions.assets;
const build = join(edgeFolder, "build");
const miniflare = new Miniflare({
  // What the workers log is read and dropped: a full pipe would stall them.
  handleRuntimeStdio: (stdout, stderr) => {
    stdout.resume();
    stderr.pipe(process.stderr);
  },
  workers: [
    {
      ...workerOptions,
      name: "cuelight",
      rootPath: build,
      modulesRoot: build,
      modules: [
        { type: "ESModule", path: "index.js" },
        { type: "CompiledWasm", path: "index_bg.wasm" },
      ],
      bindings: { ...workerOptions.bindings, STUDIO_URL: studio },
      r2Buckets: clips,
      unsafeDirectSockets: socket,
    },
    {
      name: "plain",
      rootPath: dirname(plainWorker),
      modulesRoot: dirname(plainWorker),
      modules: [{ type: "ESModule", path: basename(plainWorker) }],
      compatibilityDate: workerOptions.compatibilityDate,
      r2Buckets: clips,
      durableObjects: { FLIGHTS: { className: "Flight", useSQLite: true } },
      unsafeDirectSockets: socket,
    },
  ],
});

const places = {};
for (const name of ["cuelight", "plain"]) places[name] = (await miniflare.unsafeGetDirectURL(name)).host;

// The clip exists under the keys that each of them computes for the same request.
const bucket = await miniflare.getR2Bucket("CLIPS", "cuelight");
const body = new Uint8Array(randomBytes(CLIP_BYTES)).buffer;
const keys = {};
for (const [name, path] of [["cuelight", "/api/v1/jobs/preflight"], ["plain", "/api/v1/jobs"]]) {
  const answer = await fetch(`http://${places[name]}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-cuelight-session": "bench" },
    body: JSON.stringify(JOB),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${name} answered ${answer.status} to ${path}: ${text}`);
  keys[name] = JSON.parse(text).cache_key;
  await bucket.put(keys[name], body, {
    httpMetadata: { contentType: "video/mp4" },
    customMetadata: { operation: "state_clip" },
  });
}
console.log(`bench ready ${JSON.stringify({ places, keys, job: JOB })}`);
