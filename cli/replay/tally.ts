/** How many names a tally keeps. */
const MOST = 10_000;

/** Counts by name, in bounded memory: when there are too many names, those counted least are put together. */
export class Tally {
  readonly #counts = new Map<string, number>();
  /** What was counted under names that are no longer kept. */
  others = 0;

  add(name: string, n = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + n);
    if (this.#counts.size <= MOST) return;
    for (const [dropped, count] of this.most().slice(MOST / 2)) {
      this.#counts.delete(dropped);
      this.others += count;
    }
  }

  /** Names and counts, the highest first; of those counted as often in the order of their names. */
  most(): [name: string, count: number][] {
    return [...this.#counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  }
}
