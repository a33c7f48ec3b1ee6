/** What there is to know about a character whose module has not come. */

/** What `stats()` says while there is nothing to count: before the module has come, and after the end. */
export const nothingYet = () => ({
  mode: "pending",
  state: "idle",
  cue: "",
  shown: "",
  showing: "placeholder",
  online: true,
  socket: "closed",
  token: "none",
  limited: null,
  waiting: 0,
  cache: { entries: 0, bytes: 0, hits: 0, misses: 0, evictions: 0, refused: 0, stored: { entries: 0, bytes: 0, hits: 0, misses: 0 } },
  jobs: [],
  predictions: [],
  player: { slots: 0, staged: [], lastStaged: false, lastWaitedMs: 0, seams: 0 },
  speculation: {
    requested: 0,
    used: 0,
    wasted: 0,
    bytesRequested: 0,
    bytesUsed: 0,
    bytesWasted: 0,
    microUsdRequested: 0,
    microUsdUsed: 0,
    microUsdWasted: 0,
    budget: 0,
  },
});
