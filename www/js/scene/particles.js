// A fixed pool of sparks. Nothing is allocated after construction.

const COUNT = 90;

export class Particles {
  #x = new Float32Array(COUNT);
  #y = new Float32Array(COUNT);
  #vx = new Float32Array(COUNT);
  #vy = new Float32Array(COUNT);
  #life = new Float32Array(COUNT);
  #color = new Array(COUNT).fill("");
  #next = 0;

  /** One spark at a point. */
  spark(x, y, color, reach) {
    const i = this.#next;
    this.#next = (i + 1) % COUNT;
    const angle = Math.random() * Math.PI * 2;
    const speed = reach * (0.3 + Math.random());
    this.#x[i] = x;
    this.#y[i] = y;
    this.#vx[i] = Math.cos(angle) * speed;
    this.#vy[i] = Math.sin(angle) * speed - reach * 0.8;
    this.#life[i] = 1;
    this.#color[i] = color;
  }

  step(seconds) {
    for (let i = 0; i < COUNT; i += 1) {
      if (this.#life[i] <= 0) continue;
      this.#life[i] -= seconds * 0.9;
      this.#vy[i] += 90 * seconds;
      this.#x[i] += this.#vx[i] * seconds;
      this.#y[i] += this.#vy[i] * seconds;
    }
  }

  draw(context) {
    for (let i = 0; i < COUNT; i += 1) {
      const life = this.#life[i];
      if (life <= 0) continue;
      context.globalAlpha = Math.min(1, life * 1.4);
      context.fillStyle = this.#color[i];
      context.beginPath();
      context.arc(this.#x[i], this.#y[i], 1 + life * 3.2, 0, Math.PI * 2);
      context.fill();
    }
    context.globalAlpha = 1;
  }
}
