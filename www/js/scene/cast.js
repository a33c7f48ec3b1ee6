// Who stands in the booths, what the player holds, and how each takes each. Data only.

/** The strengths a reaction is asked for in. Few, so that players share clips. */
export const LEVELS = [
  { intensity: 0.2, from: 0, word: "a little" },
  { intensity: 0.5, from: 0.4, word: "clearly" },
  { intensity: 0.8, from: 0.75, word: "very much" },
];

/** What a character does while nobody does anything to it. */
export const AT_REST = { expression: "neutral", emotion: "neutral", animation: "idle", intensity: 0.5 };

/** Tools, each with its shapes in a square of 48: `[path, fill, stroke]`. */
export const TOOLS = [
  {
    id: "feather",
    name: "Feather",
    spark: "#cfeaff",
    shapes: [
      ["M12 37C9 22 20 8 40 6 43 24 32 36 17 36Z", "#bfe3ff", ""],
      ["M17 36C19 26 27 17 40 6 43 24 32 36 17 36Z", "#8cc4f0", ""],
      ["M7 43 32 15M19 28l9-1M24 22l9-1", "", "#3d6f9d"],
    ],
  },
  {
    id: "dumpling",
    name: "Dumplings",
    spark: "#ffc2d4",
    shapes: [
      ["M6 43 43 6", "", "#b07a3e"],
      ["M24.5 32a7.5 7.5 0 1 1-15 0 7.5 7.5 0 0 1 15 0z", "#8fbf6b", ""],
      ["M31.5 24.5a7.5 7.5 0 1 1-15 0 7.5 7.5 0 0 1 15 0z", "#fff6e4", ""],
      ["M38.5 17a7.5 7.5 0 1 1-15 0 7.5 7.5 0 0 1 15 0z", "#ff9fb8", ""],
    ],
  },
  {
    id: "drum",
    name: "Drum",
    spark: "#ff8f6b",
    shapes: [
      ["M6 19v14c0 6 8 10 18 10s18-4 18-10V19z", "#b8323f", ""],
      ["M6 19c0-6 8-10 18-10s18 4 18 10-8 10-18 10S6 25 6 19z", "#f6e5c2", ""],
      ["M10 30v7M24 32v8M38 30v7", "", "#f2c14e"],
      ["M30 15 45 3", "", "#b07a3e"],
    ],
  },
  {
    id: "lantern",
    name: "Lantern",
    spark: "#ffe08a",
    shapes: [
      ["M24 2v7", "", "#8a6a4a"],
      ["M10 24c0-9 6-14 14-14s14 5 14 14-6 14-14 14-14-5-14-14z", "#ffb84d", ""],
      ["M18 24c0-9 2-14 6-14s6 5 6 14-2 14-6 14-6-5-6-14z", "#ffe08a", ""],
      ["M17 10h14M17 38h14M24 39v7", "", "#8c2f3f"],
    ],
  },
];

const takes = (says, expression, emotion, animation) => ({ says, expression, emotion, animation });

/** The residents, from left to right. `backdrop` is the look's own, so a clip melts into its booth. */
export const CAST = [
  {
    id: "bolt",
    name: "Bolt",
    backdrop: "#e8eeff",
    paint: "#35509f",
    tastes: {
      feather: takes("is tickled", "giggling", "amused", "giggle"),
      dumpling: takes("wonders where to put it", "confused", "curious", "shake"),
      drum: takes("has found the beat", "ecstatic", "happy", "dance"),
      lantern: takes("counts the rays", "curious", "happy", "nod"),
    },
  },
  {
    id: "miso",
    name: "Miso",
    backdrop: "#fff4e3",
    paint: "#9a5a26",
    tastes: {
      feather: takes("wants to catch it", "ecstatic", "amused", "jump"),
      dumpling: takes("purrs", "loving", "happy", "purr"),
      drum: takes("does not like thunder", "afraid", "afraid", "flinch"),
      lantern: takes("chases the light", "curious", "happy", "spin"),
    },
  },
  {
    id: "orin",
    name: "Orin",
    backdrop: "#efe9fb",
    paint: "#5a4296",
    tastes: {
      feather: takes("is too old for this", "flustered", "shy", "shake"),
      dumpling: takes("approves", "happy", "loving", "nod"),
      drum: takes("was thinking", "annoyed", "angry", "shake"),
      lantern: takes("knows a better spell", "proud", "happy", "cheer"),
    },
  },
  {
    id: "juno",
    name: "Juno",
    backdrop: "#e6f0f5",
    paint: "#35576b",
    tastes: {
      feather: takes("has feathers of her own", "annoyed", "proud", "stretch"),
      dumpling: takes("waves for another", "happy", "loving", "wave"),
      drum: takes("did not see that coming", "surprised", "surprised", "flinch"),
      lantern: takes("thinks it is morning", "tired", "tired", "sleep"),
    },
  },
];
