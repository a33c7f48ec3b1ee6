// Tells the character what happens. It may not have loaded yet: what it is told is kept for it.
await customElements.whenDefined("cuelight-character");
const character = document.querySelector("cuelight-character");
const message = document.querySelector("input");

message?.addEventListener("input", () => character?.send({ type: "typing" }));
message?.addEventListener("change", () => character?.send({ type: "sent", text: message.value }));
