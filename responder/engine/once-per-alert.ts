/** How many settled keys are remembered; a Broker redelivers within minutes, and this is hours of alerts. */
const REMEMBERED = 4096;

/**
 * Work done once per key: who asks again while it goes on waits for it, who asks later is given what came of
 * it. Work that threw is forgotten, so that the next try does it.
 */
export class Once<T> {
  readonly #done = new Map<string, Promise<T>>();

  /** `first` says whether the work was done for this call. */
  async do(key: string, work: () => Promise<T>): Promise<{ result: T; first: boolean }> {
    const known = this.#done.get(key);
    if (known) return { result: await known, first: false };
    const going = work();
    this.#done.set(key, going);
    const oldest = this.#done.size > REMEMBERED ? this.#done.keys().next().value : undefined;
    if (oldest !== undefined) this.#done.delete(oldest);
    try {
      return { result: await going, first: true };
    } catch (error) {
      if (this.#done.get(key) === going) this.#done.delete(key);
      throw error;
    }
  }
}
