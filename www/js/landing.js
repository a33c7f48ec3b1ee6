// Copies the embed code. Loads nothing else.

import { byId } from "./dom.js";

const button = byId("copy");
const code = byId("snippet");

button.addEventListener("click", async () => {
  let words = "Copied";
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    // No permission, or not a secure origin: leave it selected, one keystroke from copied.
    getSelection().selectAllChildren(code);
    words = "Selected";
  }
  button.textContent = words;
  byId("copied").textContent = words === "Copied" ? "The embed code is on your clipboard." : "The embed code is selected.";
  setTimeout(() => (button.textContent = "Copy"), 2000);
});

document.documentElement.dataset.ready = "true";
