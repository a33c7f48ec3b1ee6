// Draws a frame: layers, residents, light, sparks and the tool in the player's hand. It decides
// nothing, and allocates nothing but what a resize brings.

import { LEVELS, TOOLS } from "./cast.js";
import { arch, place } from "./layout.js";
import { Particles } from "./particles.js";
import { paintScenery, SLIDE } from "./scenery.js";

const LIGHTS = { standby: "#f2a93b", go: "#3fdc8c" };
const GLOWS = { standby: glowOf("#f2a93b"), go: glowOf("#3fdc8c"), lantern: glowOf("#ff9d3c") };
const SANS = 'ui-sans-serif, system-ui, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';
/** Slower frames than this, on average, give up sparks and reflections, ms. */
const TOO_SLOW_MS = 30;

const ICONS = new Map(
  TOOLS.map((tool) => [tool.id, tool.shapes.map(([d, fill, stroke]) => ({ path: new Path2D(d), fill, stroke }))]),
);

/** A picture of a soft light, 128 px wide. */
function glowOf(color) {
  const canvas = document.createElement("canvas");
  canvas.width = 128;
  canvas.height = 128;
  const c = canvas.getContext("2d");
  const light = c.createRadialGradient(64, 64, 0, 64, 64, 64);
  light.addColorStop(0, color);
  light.addColorStop(0.35, `${color}66`);
  light.addColorStop(1, `${color}00`);
  c.fillStyle = light;
  c.fillRect(0, 0, 128, 128);
  return canvas;
}

export class Stage {
  particles = new Particles();
  layout = null;
  /** Whether things move that nobody asked for: sparks, parallax, flicker. */
  lively = true;
  #rich = true;
  #frameMs = 16;
  #canvas;
  #context;
  #cast;
  #layers = null;
  #openings = [];
  #shades = [];

  constructor(canvas, cast) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false });
    this.#cast = cast;
  }

  /** Fits the canvas to the window and paints the scenery anew. */
  resize(width, height) {
    // Beyond twice, nobody sees the difference and everybody pays for the pixels.
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    const c = this.#context;
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.layout = place(width, height, this.#cast.length);
    this.#layers = paintScenery(this.layout, this.#cast, ratio);
    this.#openings = this.layout.booths.map((booth) => arch(booth));
    this.#shades = this.layout.booths.map(({ x, y, w, h }) => {
      const shade = c.createRadialGradient(x + w / 2, y + h * 0.52, w * 0.22, x + w / 2, y + h * 0.55, w * 0.86);
      shade.addColorStop(0, "#fff8ea");
      shade.addColorStop(0.55, "#f6dcb2");
      shade.addColorStop(1, "#8a5a72");
      return shade;
    });
  }

  /** Which booth is at a point, counter and frame included; -1 for none. */
  at(x, y) {
    return this.layout.booths.findIndex((b) => x > b.x - b.w * 0.1 && x < b.x + b.w * 1.1 && y > b.y - b.w * 0.1 && y < b.y + b.h + b.w * 0.25);
  }

  /** Draws everything. `scene` is `{residents, spotlight, tool, hand: {x, y, shown, held}}`. */
  draw(now, elapsed, scene) {
    this.#frameMs += (Math.min(elapsed, 100) - this.#frameMs) * 0.03;
    if (this.#frameMs > TOO_SLOW_MS) this.#rich = false;
    const c = this.#context;
    const { width, height } = this.layout;
    const lean = this.lively ? (scene.hand.x / width - 0.5) * -2 : 0;
    this.#copy("sky", lean * SLIDE * 0.15);
    this.#copy("far", lean * SLIDE * 0.5);
    this.#copy("near", lean * SLIDE);
    scene.residents.forEach((resident, index) => this.#interior(resident, index, index === scene.spotlight));
    this.#copy("front", 0);
    this.#lanterns(now);
    scene.residents.forEach((resident, index) => this.#plate(resident, index, now));
    if (this.#rich) this.#reflection();
    this.#spotlight(scene.spotlight);
    if (this.lively && this.#rich) {
      this.particles.step(Math.min(0.05, elapsed / 1000));
      this.particles.draw(c);
    }
    if (scene.hand.shown) this.#hand(scene, now);
    else this.#mark(scene.spotlight);
    c.globalAlpha = 1;
    if (scene.paused) {
      c.fillStyle = "rgb(12 9 30 / .6)";
      c.fillRect(0, 0, width, height);
    }
  }

  #copy(name, offset) {
    const { width, height } = this.layout;
    this.#context.drawImage(this.#layers[name], offset - SLIDE, 0, width + 2 * SLIDE, height);
  }

  #interior(resident, index, lit) {
    const c = this.#context;
    const { x, y, w, h } = this.layout.booths[index];
    c.save();
    c.clip(this.#openings[index]);
    c.fillStyle = resident.part.backdrop;
    c.fillRect(x, y, w, h);
    // The picture is square and its feet are near its lower edge; the counter hides that edge.
    const size = w * 1.1;
    if (!resident.draw(c, x + (w - size) / 2, y + h - size * 0.985, size)) this.#silhouette(resident, x, y, w, h);
    c.globalCompositeOperation = "multiply";
    c.fillStyle = this.#shades[index];
    c.fillRect(x, y, w, h);
    if (!lit) {
      c.fillStyle = "#d3c6e4";
      c.fillRect(x, y, w, h);
    }
    c.restore();
  }

  /** Somebody waits in the dark, for the time before there is a first frame. */
  #silhouette({ part }, x, y, w, h) {
    const c = this.#context;
    c.fillStyle = part.paint;
    c.globalAlpha = 0.55;
    c.beginPath();
    c.arc(x + w / 2, y + h * 0.5, w * 0.2, 0, 7);
    c.ellipse(x + w / 2, y + h * 0.92, w * 0.26, h * 0.28, 0, 0, 7);
    c.fill();
    c.globalAlpha = 1;
  }

  #plate(resident, index, now) {
    const c = this.#context;
    const { x, y, w, h } = this.layout.booths[index];
    const middle = x + w / 2;
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.fillStyle = "#5a3b47";
    c.font = `400 ${Math.max(9, w * 0.05)}px ${SANS}`;
    c.fillText(resident.says, middle, y + h + w * 0.155, w * 0.64);
    const bulb = y - w * 0.09;
    if (resident.light !== "dark") {
      this.#glow(resident.light, middle + (resident.light === "go" ? 1 : -1) * w * 0.055, bulb, w * 0.24, 0.55);
    }
    for (const [side, kind] of [[-1, "standby"], [1, "go"]]) {
      const on = resident.light === kind;
      const pulse = on && kind === "standby" && this.lively ? 0.72 + 0.28 * Math.sin(now / 260) : 1;
      c.globalAlpha = on ? pulse : 0.22;
      c.fillStyle = LIGHTS[kind];
      c.beginPath();
      c.arc(middle + side * w * 0.055, bulb, w * 0.036, 0, 7);
      c.fill();
    }
    c.globalAlpha = 1;
  }

  /** A soft light of a colour, copied from a picture. */
  #glow(name, x, y, radius, strength) {
    const c = this.#context;
    c.globalCompositeOperation = "lighter";
    c.globalAlpha = strength;
    c.drawImage(GLOWS[name], x - radius, y - radius, radius * 2, radius * 2);
    c.globalCompositeOperation = "source-over";
    c.globalAlpha = 1;
  }

  /** A string of paper lanterns over the street. */
  #lanterns(now) {
    const c = this.#context;
    const { width, booths } = this.layout;
    const y = Math.max(50, booths[0].y - booths[0].w * 0.28);
    const size = Math.max(8, booths[0].w * 0.05);
    const count = Math.max(4, Math.round(width / 150));
    const sag = size * 2;
    c.strokeStyle = "#0d0a1c";
    c.lineWidth = 1.5;
    c.beginPath();
    for (let i = 0; i < count; i += 1) {
      const from = (i / count) * width;
      c.moveTo(from, y - sag);
      c.quadraticCurveTo(from + width / count / 2, y + sag, from + width / count, y - sag);
    }
    c.stroke();
    for (let i = 0; i < count; i += 1) {
      const x = ((i + 0.5) / count) * width;
      const flicker = this.lively ? 0.9 + 0.1 * Math.sin(now / 310 + i * 2.1) : 1;
      this.#glow("lantern", x, y + size, size * 5.5, 0.5 * flicker);
      c.fillStyle = i % 2 ? "#ff8f5a" : "#ffb84d";
      c.beginPath();
      c.ellipse(x, y + size, size * 0.8, size, 0, 0, 7);
      c.fill();
      c.fillStyle = "rgb(255 244 208 / .7)";
      c.beginPath();
      c.ellipse(x, y + size, size * 0.34, size * 0.9, 0, 0, 7);
      c.fill();
    }
  }

  /** The street is wet: what stands above the floor is seen in it, upside down and faint. */
  #reflection() {
    const c = this.#context;
    const { width, height, floor } = this.layout;
    const depth = Math.min(height - floor, floor * 0.3);
    if (depth < 8) return;
    const ratio = this.#canvas.width / width;
    c.save();
    c.globalAlpha = 0.11;
    c.translate(0, floor + depth);
    c.scale(1, -1);
    c.drawImage(this.#canvas, 0, (floor - depth * 1.6) * ratio, this.#canvas.width, depth * 1.6 * ratio, 0, 0, width, depth);
    c.restore();
  }

  #spotlight(index) {
    const c = this.#context;
    const { x, y, w, h } = this.layout.booths[index];
    c.globalCompositeOperation = "lighter";
    c.fillStyle = "#ffdf9a";
    c.globalAlpha = 0.07;
    c.beginPath();
    c.moveTo(x + w * 0.44, 0);
    c.lineTo(x + w * 0.56, 0);
    c.lineTo(x + w * 1.14, y + h + w * 0.2);
    c.lineTo(x - w * 0.14, y + h + w * 0.2);
    c.closePath();
    c.fill();
    c.globalAlpha = 0.16;
    c.beginPath();
    c.ellipse(x + w / 2, y + h + w * 0.26, w * 0.66, w * 0.06, 0, 0, 7);
    c.fill();
    c.globalCompositeOperation = "source-over";
    c.globalAlpha = 1;
  }

  /** Who is in the light, for somebody who plays with keys. */
  #mark(index) {
    const c = this.#context;
    const { x, y, w, h } = this.layout.booths[index];
    c.strokeStyle = "#ffe0a0";
    c.lineWidth = 3;
    c.beginPath();
    c.roundRect(x + w * 0.16, y + h + w * 0.03, w * 0.68, w * 0.165, w * 0.03);
    c.stroke();
  }

  #hand({ tool, hand, residents, spotlight }, now) {
    const c = this.#context;
    const size = Math.max(40, this.layout.booths[0].w * 0.24);
    const wobble = hand.held && this.lively ? Math.sin(now / 60) * 0.16 : 0;
    c.save();
    c.translate(hand.x, hand.y);
    c.rotate(wobble);
    c.scale(size / 48, size / 48);
    c.translate(-14, -34);
    c.lineWidth = 2.6;
    c.lineCap = "round";
    for (const { path, fill, stroke } of ICONS.get(tool.id)) {
      if (fill) {
        c.fillStyle = fill;
        c.fill(path);
      }
      if (stroke) {
        c.strokeStyle = stroke;
        c.stroke(path);
      }
    }
    c.restore();
    if (!hand.held) return;
    // How strong it is, as an arc round the hand; its thirds are the levels.
    c.strokeStyle = residents[spotlight].heat >= LEVELS[2].from ? "#ff6f59" : "#ffd98f";
    c.lineWidth = 4;
    c.beginPath();
    c.arc(hand.x, hand.y, size * 0.8, -Math.PI / 2, -Math.PI / 2 + residents[spotlight].heat * Math.PI * 2);
    c.stroke();
  }
}
