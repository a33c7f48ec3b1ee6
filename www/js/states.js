// The twelve built-in states as this page words them, in the order of the checklist.

export const STATES = [
  ["idle", "waiting"],
  ["greeting", "greeting you"],
  ["listening", "listening"],
  ["thinking", "thinking"],
  ["talking", "talking"],
  ["confident", "confident"],
  ["excited", "excited"],
  ["confused", "unsure"],
  ["surprised", "surprised"],
  ["sad", "sorry"],
  ["happy", "happy"],
  ["farewell", "saying goodbye"],
];

const LABELS = new Map(STATES);

/** What a person reads for a state; a character's own state is read by its id. */
export const labelOf = (state) => LABELS.get(state) ?? state;
