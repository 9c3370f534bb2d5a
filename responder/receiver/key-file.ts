import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EnvironmentError } from "../environment.ts";
import { ALERT_KEY, NotAllowed } from "../formats.ts";
import { ALERT_KEYS_FILE } from "../settings.ts";
import { log } from "../telemetry/log.ts";

/** Milliseconds for which what was read is good. */
const FRESH = 1000;

/** SHA-256 of a key: of the same length whatever the key's, so that comparing takes the same time. */
export function digestOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

/**
 * The keys that alerts may carry, as digests, from a mounted Secret: read again as that changes, so that a key is
 * rotated without a restart. No message ever holds a key.
 */
export class KeyFile {
  readonly #file: string;
  readonly #now: () => number;
  #text = "";
  #digests: readonly Buffer[] = [];
  #readAt: number;
  #complained = false;

  /**
   * @param now milliseconds
   * @throws {EnvironmentError} where there is no key, or one that can't be used
   */
  constructor(folder: string, now: () => number = () => performance.now()) {
    this.#file = join(folder, ALERT_KEYS_FILE);
    this.#now = now;
    this.#readAt = now();
    this.#read();
  }

  /** What is accepted now. A file that can't be used leaves what was accepted before. */
  digests(): readonly Buffer[] {
    if (this.#now() - this.#readAt < FRESH) return this.#digests;
    this.#readAt = this.#now();
    try {
      this.#read();
      this.#complained = false;
    } catch (error) {
      if (!(error instanceof EnvironmentError)) throw error;
      if (!this.#complained) log("warning", "alert keys", { reason: `${error.message}; those read before stay` });
      this.#complained = true;
    }
    return this.#digests;
  }

  #read(): void {
    const text = this.#contents();
    if (text === this.#text) return;
    const lines = text.split("\n").map((line) => line.trim());
    lines.forEach((line, index) => {
      if (line !== "") this.#check(line, index + 1);
    });
    const keys = [...new Set(lines)].filter((line) => line !== "");
    if (keys.length === 0) throw new EnvironmentError(`${this.#file}: there is no key in it; it takes one a line`);
    this.#text = text;
    this.#digests = keys.map(digestOf);
  }

  #contents(): string {
    try {
      return readFileSync(this.#file, "utf8");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new EnvironmentError(
        `${this.#file}: it can't be read (${code ?? "?"}); the responder takes no alert without a key`,
      );
    }
  }

  #check(line: string, number: number): void {
    try {
      ALERT_KEY.read(line);
    } catch (error) {
      if (!(error instanceof NotAllowed)) throw error;
      throw new EnvironmentError(`${this.#file}: line ${number} can't be a key; it takes ${ALERT_KEY.allowed}`);
    }
  }
}
