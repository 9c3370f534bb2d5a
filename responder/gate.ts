/** Lets so many in at the same time; the others wait, in the order they came. */
export class Gate {
  #room: number;
  readonly #waiting: (() => void)[] = [];

  constructor(room: number) {
    this.#room = room;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#room > 0) this.#room--;
    else {
      await new Promise<void>((enter) => {
        this.#waiting.push(enter);
      });
    }
    try {
      return await work();
    } finally {
      // the place goes on to who waits, without being free in between
      const next = this.#waiting.shift();
      if (next) next();
      else this.#room++;
    }
  }
}
