// Paints what does not move, once for a size of the window: the night, the roofs, the booths.
// The stage only copies these pictures, so a frame stays cheap.

import { arch } from "./layout.js";

/** How far a layer may slide for the parallax, CSS px; layers are painted wider by this much. */
export const SLIDE = 24;

/** A layer that is as large as the window and a slide on both sides, ready to be painted. */
function layer(width, height, ratio, paint) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil((width + 2 * SLIDE) * ratio);
  canvas.height = Math.ceil(height * ratio);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.translate(SLIDE, 0);
  paint(context);
  return canvas;
}

/** The same numbers every time, so that a resize does not move the stars. */
function dice(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

/** All layers for a layout: `sky`, `far`, `near`, `front`. */
export function paintScenery(layout, cast, ratio) {
  const { width, height } = layout;
  const make = (paint) => layer(width, height, ratio, paint);
  return {
    sky: make((c) => paintSky(c, layout)),
    far: make((c) => paintRoofs(c, layout, { seed: 7, above: 1.02, rise: 0.5, color: "#2c2257", lit: "#8f6f86" })),
    near: make((c) => paintRoofs(c, layout, { seed: 21, above: 0.6, rise: 0.42, color: "#1d1640", lit: "#e0a555" })),
    front: make((c) => {
      paintFloor(c, layout);
      layout.booths.forEach((booth, index) => paintBooth(c, booth, cast[index]));
    }),
  };
}

function paintSky(c, { width, height }) {
  const night = c.createLinearGradient(0, 0, 0, height);
  night.addColorStop(0, "#0f0d26");
  night.addColorStop(0.55, "#2b2058");
  night.addColorStop(0.85, "#6b3358");
  c.fillStyle = night;
  c.fillRect(-SLIDE, 0, width + 2 * SLIDE, height);
  const roll = dice(3);
  for (let i = 0; i < 130; i += 1) {
    c.globalAlpha = 0.2 + roll() * 0.7;
    c.fillStyle = roll() > 0.8 ? "#ffdca8" : "#fff";
    c.beginPath();
    c.arc(roll() * width, roll() * height * 0.55, 0.4 + roll() * 1.1, 0, 7);
    c.fill();
  }
  c.globalAlpha = 1;
  const [x, y, r] = [width * 0.8, height * 0.12 + 16, Math.min(46, 14 + width * 0.026)];
  const glow = c.createRadialGradient(x, y, r * 0.5, x, y, r * 4);
  glow.addColorStop(0, "rgb(255 236 190 / .38)");
  glow.addColorStop(1, "rgb(255 236 190 / 0)");
  c.fillStyle = glow;
  c.fillRect(x - r * 4, y - r * 4, r * 8, r * 8);
  c.fillStyle = "#fbeac0";
  c.beginPath();
  c.arc(x, y, r, 0, 7);
  c.fill();
  c.fillStyle = "rgb(214 178 120 / .35)";
  for (const [dx, dy, size] of [[-0.3, -0.2, 0.2], [0.25, 0.3, 0.27], [0.2, -0.4, 0.12]]) {
    c.beginPath();
    c.arc(x + dx * r, y + dy * r, size * r, 0, 7);
    c.fill();
  }
}

/** A street of pagoda roofs with lit windows. */
function paintRoofs(c, { width, height, booths }, { seed, above, rise, color, lit }) {
  const roll = dice(seed);
  const { y: crown, w: unit } = booths[0];
  for (let x = -SLIDE - 40; x < width + SLIDE; ) {
    const w = 70 + roll() * 90;
    const y = Math.max(60, crown - unit * (above - roll() * rise));
    c.fillStyle = color;
    c.fillRect(x + 8, y, w - 16, height - y);
    c.beginPath();
    c.moveTo(x - 10, y + 4);
    c.quadraticCurveTo(x + w * 0.3, y - 4, x + w / 2, y - 34);
    c.quadraticCurveTo(x + w * 0.7, y - 4, x + w + 10, y + 4);
    c.closePath();
    c.fill();
    c.fillStyle = lit;
    for (let row = 0; row < 4; row += 1) {
      for (let column = 0; column < 3; column += 1) {
        const on = roll() > 0.62;
        if (on) c.fillRect(x + 18 + (column * (w - 36)) / 3, y + 22 + row * 34, 9, 13);
      }
    }
    x += w;
  }
}

function paintFloor(c, { width, height, floor, booths }) {
  const top = floor - booths[0].w * 0.12;
  const planks = c.createLinearGradient(0, top, 0, height);
  planks.addColorStop(0, "#4a2b3f");
  planks.addColorStop(1, "#1a1026");
  c.fillStyle = planks;
  c.fillRect(-SLIDE, top, width + 2 * SLIDE, height - top);
  c.strokeStyle = "rgb(0 0 0 / .28)";
  c.lineWidth = 2;
  c.beginPath();
  for (let i = -14; i <= 14; i += 1) {
    c.moveTo(width / 2 + i * width * 0.06, top);
    c.lineTo(width / 2 + i * width * 0.13, height);
  }
  c.stroke();
  c.fillStyle = "rgb(255 205 140 / .25)";
  c.fillRect(-SLIDE, top, width + 2 * SLIDE, 2);
}

function paintBooth(c, booth, { name, paint }) {
  const { x, y, w, h } = booth;
  const middle = x + w / 2;
  const post = w * 0.075;

  // Drapes hang inside the opening, over the resident's edges.
  c.save();
  c.clip(arch(booth));
  for (const side of [-1, 1]) {
    const edge = side < 0 ? x : x + w;
    const cloth = c.createLinearGradient(edge, 0, edge - side * w * 0.2, 0);
    cloth.addColorStop(0, "#6d1d33");
    cloth.addColorStop(0.5, "#b23a4c");
    cloth.addColorStop(1, "#8a2840");
    c.fillStyle = cloth;
    c.beginPath();
    c.moveTo(edge, y - 4);
    c.lineTo(edge - side * w * 0.36, y - 4);
    c.bezierCurveTo(edge - side * w * 0.3, y + h * 0.3, edge - side * w * 0.12, y + h * 0.42, edge - side * w * 0.06, y + h * 0.55);
    c.bezierCurveTo(edge - side * w * 0.1, y + h * 0.7, edge - side * w * 0.12, y + h * 0.9, edge - side * w * 0.1, y + h);
    c.lineTo(edge, y + h);
    c.closePath();
    c.fill();
    c.strokeStyle = "#e8b45a";
    c.lineWidth = Math.max(2, w * 0.014);
    c.beginPath();
    c.moveTo(edge, y + h * 0.53);
    c.lineTo(edge - side * w * 0.075, y + h * 0.555);
    c.stroke();
  }
  c.restore();

  // The frame is the arch grown by a post, less the opening.
  const frame = new Path2D();
  frame.addPath(arch(booth, post));
  frame.addPath(arch(booth));
  c.fillStyle = paint;
  c.fill(frame, "evenodd");
  c.strokeStyle = "rgb(0 0 0 / .35)";
  c.lineWidth = w * 0.02;
  c.stroke(arch(booth));
  c.strokeStyle = "#e8b45a";
  c.lineWidth = Math.max(1.5, w * 0.012);
  c.stroke(arch(booth, post));
  c.fillStyle = "#ffd98f";
  for (let i = 0; i <= 8; i += 1) {
    const angle = Math.PI + (i / 8) * Math.PI;
    c.beginPath();
    c.arc(middle + Math.cos(angle) * (w / 2 + post / 2), y + w / 2 + Math.sin(angle) * (w / 2 + post / 2), w * 0.014, 0, 7);
    c.fill();
  }

  // The counter, with a name plate.
  const top = y + h - w * 0.02;
  const wood = c.createLinearGradient(0, top, 0, top + w * 0.26);
  wood.addColorStop(0, "#8a5638");
  wood.addColorStop(0.14, "#6a3e2a");
  wood.addColorStop(1, "#3a2030");
  c.fillStyle = wood;
  c.beginPath();
  c.roundRect(x - post * 1.5, top, w + post * 3, w * 0.26, w * 0.025);
  c.fill();
  c.fillStyle = "rgb(255 220 160 / .5)";
  c.fillRect(x - post * 1.4, top + 1, w + post * 2.8, Math.max(1, w * 0.008));
  c.fillStyle = "#f4e3bd";
  c.beginPath();
  c.roundRect(middle - w * 0.34, top + w * 0.05, w * 0.68, w * 0.165, w * 0.03);
  c.fill();
  c.fillStyle = "#2a1a2e";
  c.textAlign = "center";
  c.textBaseline = "middle";
  c.font = `600 ${w * 0.082}px ui-serif, "Iowan Old Style", Palatino, Georgia, "Liberation Serif", serif`;
  c.fillText(name, middle, top + w * 0.1);

  // The cue light's housing: a small box on the crown.
  c.fillStyle = "#120e1f";
  c.beginPath();
  c.roundRect(middle - w * 0.12, y - post - w * 0.075, w * 0.24, w * 0.12, w * 0.06);
  c.fill();
  c.strokeStyle = "#e8b45a";
  c.stroke();
}
