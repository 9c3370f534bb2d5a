import { LRUCache } from "lru-cache";
import { LIMITS } from "../limits.ts";

/**
 * Work done once per key: who asks again while it goes on waits for it, who asks later is given what came of it, as
 * long as that is remembered. Work that threw is forgotten, so that the next try does it.
 */
export class Once<T extends object> {
  readonly #going = new Map<string, Promise<T>>();
  readonly #done: LRUCache<string, T>;

  /** @param sizeOf bytes that a result takes, about */
  constructor(sizeOf: (result: T) => number) {
    this.#done = new LRUCache({
      max: LIMITS.remembered,
      maxSize: LIMITS.rememberedBytes,
      sizeCalculation: (result, key) => Math.max(1, sizeOf(result) + key.length),
    });
  }

  /** `first` says whether the work was done for this call. */
  async do(key: string, work: () => Promise<T>): Promise<{ result: T; first: boolean }> {
    const known = this.#done.get(key) ?? this.#going.get(key);
    if (known) return { result: await known, first: false };
    const going = this.#remembering(key, work);
    this.#going.set(key, going);
    return { result: await going, first: true };
  }

  /** Remembered, or forgotten, before anybody hears of it: who asks then finds one or the other. */
  async #remembering(key: string, work: () => Promise<T>): Promise<T> {
    // it is among what goes on first, however soon it ends
    await Promise.resolve();
    try {
      const result = await work();
      this.#done.set(key, result);
      return result;
    } finally {
      this.#going.delete(key);
    }
  }
}
