// Puts the storefront together. The shop and the chat work before, and without, the character.

import { Chat } from "./chat.js";
import { loadCuelight } from "./cuelight-module.js";
import { developmentToken } from "./development-token.js";
import { byId } from "./dom.js";
import { Panel } from "./panel.js";
import { ScriptPlayer } from "./play-script.js";
import { SeenStates } from "./seen-states.js";
import { startShop } from "./shop.js";
import { labelOf } from "./states.js";

const character = byId("character");
// Everybody listens before the module is there, so that nobody misses its first events.
const seen = new SeenStates(character);
const chat = new Chat();
new Panel(character, seen, developmentToken);
new ScriptPlayer(chat, () => {
  seen.reset();
  seen.note(character.state ?? "idle");
});

const label = byId("state-label");
character.addEventListener("cuelight-state", (event) => {
  label.textContent = labelOf(event.detail.state);
});
character.addEventListener("cuelight-shown", (event) => {
  label.parentElement.dataset.showing = event.detail.kind;
});

// While the edge cannot be reached, whoever sees a drawing is told why, and when that is over.
const notice = byId("chat-notice");
character.addEventListener("cuelight-connection", (event) => {
  notice.hidden = event.detail.online;
  notice.textContent = event.detail.online ? "" : "Bolt's clips cannot be reached just now. Something close stands in until they can.";
});

developmentToken.addEventListener("change", () => {
  character.token = developmentToken.value;
});
character.addEventListener("cuelight-token-needed", () => developmentToken.ask());
developmentToken.ask();

/** Codes of an error after which the character is not itself. */
const MISSING = ["module_unavailable", "webassembly_refused"];

function missing() {
  notice.hidden = false;
  notice.textContent = "Bolt could not come on stage, but his answers are here all the same.";
}

character.addEventListener("cuelight-error", ({ detail }) => {
  if (MISSING.includes(detail.code)) missing();
});

startShop();
document.documentElement.dataset.ready = "true";

// The element brings its WebAssembly by itself, when it comes near; until then it costs next to nothing.
if (await loadCuelight("/cuelight/cuelight.js")) seen.note(character.state);
else missing();
