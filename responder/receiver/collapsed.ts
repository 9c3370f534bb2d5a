/** Milliseconds within which many are told as one. */
const MINUTE = 60_000;

/** Has something done later, without keeping the process alive for it. */
export type Later = (work: () => void, milliseconds: number) => void;

const later: Later = (work, milliseconds) => {
  setTimeout(work, milliseconds).unref();
};

/**
 * Tells of what may come in any number at most once a minute: of the first at once, and of those that follow within
 * a minute at its end, together.
 */
export class Collapsed<T> {
  readonly #tell: (last: T, count: number) => void;
  readonly #later: Later;
  #isWaiting = false;
  #seen = 0;
  #untold: { last: T; count: number } | undefined;

  /** @param tell is given the last one, and how many there are */
  constructor(tell: (last: T, count: number) => void, inTime: Later = later) {
    this.#tell = tell;
    this.#later = inTime;
  }

  /** @returns how many there have been since the last time something was told, these included */
  note(one: T, count = 1): number {
    this.#seen += count;
    if (this.#isWaiting) this.#untold = { last: one, count: (this.#untold?.count ?? 0) + count };
    else this.#tellNow(one, count);
    return this.#seen;
  }

  #tellNow(last: T, count: number): void {
    this.#isWaiting = true;
    this.#untold = undefined;
    this.#later(() => {
      this.#isWaiting = false;
      this.#seen = 0;
      if (this.#untold) this.#tellNow(this.#untold.last, this.#untold.count);
    }, MINUTE);
    this.#tell(last, count);
  }
}
