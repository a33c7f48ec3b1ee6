// Loads the Cuelight module and says in plain words when that does not work. Pages go on without it.

const MODULE = "/cuelight/cuelight.js";

/** The module after its WebAssembly is ready, or null: the page shows its own sentence then. */
export async function loadCuelight() {
  try {
    const cuelight = await import(MODULE);
    await cuelight.default();
    return cuelight;
  } catch (cause) {
    console.warn(`The Cuelight module at ${MODULE} could not be loaded.`, cause);
    return null;
  }
}
