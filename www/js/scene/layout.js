// Where the booths stand, for a size of the window. Pure geometry.

/** Room for the title above and the tools below, CSS px. */
const TOP = 56;

/**
 * Places `count` booths: in a row where it is wide, in two tiers where it is tall.
 * `booth.x, y, w, h` is the opening: an arch as wide as `w`, `h` high at its crown.
 */
export function place(width, height, count) {
  const narrow = width <= 820;
  const hud = height <= 520 ? 84 : narrow ? 172 : 128;
  const columns = width > height * 0.95 ? count : 2;
  const rows = Math.ceil(count / columns);
  const cellWidth = Math.min(width / columns, 400);
  const cellHeight = (height - TOP - hud) / rows;
  // A booth takes 1.24 openings in width with its posts, and 1.86 in height with light and counter.
  const w = Math.max(70, Math.min(cellWidth / 1.26, cellHeight / 1.9));
  const h = w * 1.24;
  const left = (width - cellWidth * columns) / 2;
  const booths = Array.from({ length: count }, (_, index) => {
    const column = index % columns;
    const row = Math.floor(index / columns);
    const bottom = TOP + cellHeight * (row + 1) - w * (rows > 1 ? 0.3 : 0.36);
    return { x: left + cellWidth * (column + 0.5) - w / 2, y: bottom - h, w, h };
  });
  const last = booths[count - 1];
  return { width, height, booths, columns, floor: Math.min(height - 20, last.y + last.h + w * 0.3) };
}

/** The opening of a booth as a path. */
export function arch({ x, y, w, h }, grow = 0) {
  const path = new Path2D();
  const radius = w / 2 + grow;
  path.moveTo(x - grow, y + h);
  path.lineTo(x - grow, y + w / 2);
  path.arc(x + w / 2, y + w / 2, radius, Math.PI, 0);
  path.lineTo(x + w + grow, y + h);
  path.closePath();
  return path;
}
