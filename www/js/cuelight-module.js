// Brings a Cuelight module and says in plain words when that does not work. Pages go on without it.

/** The module at `address`, once `prepare` is done with it, or null: the page shows its own sentence then. */
export async function loadCuelight(address, prepare = () => {}) {
  try {
    const cuelight = await import(address);
    await prepare(cuelight);
    return cuelight;
  } catch (cause) {
    console.warn(`The Cuelight module at ${address} could not be loaded.`, cause);
    return null;
  }
}
