// The shop itself: views, the light, colours, the basket. Works without the chat.

import { byId, make } from "./dom.js";

const PRICE = 148;

const VIEWS = {
  front: ["#scene", "0 0 800 760", "The Heron lamp on a desk, its long beak casting light on a book"],
  eye: ["#scene", "236 44 300 285", "The head of the lamp: the brass eye is the dimmer"],
  night: ["#scene", "0 0 800 760", "The Heron lamp at night, lighting an open book"],
  plan: ["#plan", "0 0 800 760", "A drawing with measurements: 52 cm tall, 46 cm out, a 640 g tail"],
};

/** Makes the product page work. */
export function startShop() {
  const root = document.documentElement;
  const basket = new Map();
  // A browser may keep a choice over a reload; the picture has to agree with it.
  const chosen = () => document.querySelector("input[name=colour]:checked");

  const paint = () => {
    root.dataset.colour = chosen().value;
    byId("colour-name").textContent = chosen().dataset.name;
  };
  for (const input of document.querySelectorAll("input[name=colour]")) input.addEventListener("change", paint);
  paint();

  const thumbs = [...document.querySelectorAll("[data-view]")];
  for (const thumb of thumbs) {
    thumb.addEventListener("click", () => {
      const [symbol, box, words] = VIEWS[thumb.dataset.view];
      const view = byId("view");
      view.setAttribute("viewBox", box);
      view.setAttribute("aria-label", words);
      view.classList.toggle("night", thumb.dataset.view === "night");
      byId("view-use").setAttribute("href", symbol);
      for (const other of thumbs) other.setAttribute("aria-pressed", String(other === thumb));
    });
  }

  const light = byId("switch");
  light.addEventListener("click", () => {
    const lit = root.dataset.lit !== "true";
    root.dataset.lit = String(lit);
    light.setAttribute("aria-pressed", String(lit));
    byId("switch-label").textContent = lit ? "Light is on" : "Light is off";
  });

  byId("cart-button").addEventListener("click", () => {
    const open = byId("cart").hidden;
    byId("cart").hidden = !open;
    byId("cart-button").setAttribute("aria-expanded", String(open));
  });

  byId("buy").addEventListener("submit", (event) => {
    event.preventDefault();
    const { name } = chosen().dataset;
    const count = Math.max(1, Math.min(9, Number.parseInt(byId("quantity").value, 10) || 1));
    basket.set(name, (basket.get(name) ?? 0) + count);
    byId("added").textContent = `${count} × Heron in ${name} added to your basket.`;
    drawBasket(basket);
  });
}

function drawBasket(basket) {
  const lines = [...basket].map(([name, count]) =>
    make("li", "", "", [make("span", "", `Heron, ${name} × ${count}`), make("b", "", `$${count * PRICE}`)]),
  );
  const pieces = [...basket.values()].reduce((sum, count) => sum + count, 0);
  byId("cart-lines").replaceChildren(...lines);
  byId("cart-empty").hidden = pieces > 0;
  byId("cart-count").textContent = String(pieces);
  byId("cart-total").textContent = `$${pieces * PRICE}`;
}
