import { LIMITS } from "./limits.ts";

/** What is wrong, line by line: the first of them in full, the rest as a number. */
export class Problems {
  readonly #first: string[] = [];
  readonly #most: number;
  #count = 0;

  /** @param most how many are told of */
  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#count;
  }

  add(problem: string): void {
    this.#count += 1;
    if (this.#first.length < this.#most) this.#first.push(line(problem));
  }

  get lines(): string[] {
    const more = this.#count - this.#first.length;
    return more > 0 ? [...this.#first, `… and ${more} more`] : [...this.#first];
  }
}

/** What would break a line, or let it read as another: controls, line and paragraph ends, changes of direction, half characters. */
export const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/u;

function line(text: string): string {
  const bytes = Buffer.from(text);
  // a character that is cut in half is left out
  const cut =
    bytes.length > LIMITS.problemBytes
      ? `${bytes
          .subarray(0, LIMITS.problemBytes)
          .toString()
          .replace(/\ufffd$/, "")}…`
      : text;
  return cut.replace(
    new RegExp(UNPRINTABLE, "gu"),
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
