import assert from "node:assert/strict";

/** Minutes that go by when a test says so. */
export class Minutes {
  readonly #work: (() => void)[] = [];

  readonly later = (work: () => void, milliseconds: number): void => {
    assert.equal(milliseconds, 60_000);
    this.#work.push(work);
  };

  pass(): void {
    for (const work of this.#work.splice(0)) work();
  }
}
