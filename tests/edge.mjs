// Starts the edge in workerd with Miniflare, which is what `wrangler dev` does, but without the proxy
// that it puts before a worker: for tests that ask more than the proxy passes on. Runs until killed.
//
// Arguments: the folder that npm installed into, the edge's folder, the port, the folder that outlives
// it, and the variables that replace those of wrangler.toml, as JSON.

import { createRequire } from "node:module";
import { join } from "node:path";

const [npmFolder, edgeFolder, port, state, variables] = process.argv.slice(2);
const require = createRequire(join(npmFolder, "package.json"));
const { Miniflare } = require("miniflare");
const { unstable_getMiniflareWorkerOptions: optionsOf } = require("wrangler");

const { workerOptions } = optionsOf(join(edgeFolder, "wrangler.toml"));
// Pages are wrangler's to serve.
delete workerOptions.assets;
const build = join(edgeFolder, "build");
const miniflare = new Miniflare({
  defaultPersistRoot: join(state, "v3"),
  handleRuntimeStdio: (stdout, stderr) => {
    stdout.pipe(process.stdout);
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
      bindings: { ...workerOptions.bindings, ...JSON.parse(variables) },
      unsafeDirectSockets: [{ host: "127.0.0.1", port: Number(port) }],
    },
  ],
});
await miniflare.ready;
