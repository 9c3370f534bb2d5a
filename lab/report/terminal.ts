import { styleText } from "node:util";
import type { Write } from "./reporter.ts";

type Style = Parameters<typeof styleText>[0];

/** Lines, rows and marks of a terminal, with colours or without. */
export class Terminal {
  readonly #write: Write;
  readonly #colours: boolean;

  constructor(write: Write, colours: boolean) {
    this.#write = write;
    this.#colours = colours;
  }

  paint(style: Style, text: string): string {
    return this.#colours ? styleText(style, text, { validateStream: false }) : text;
  }

  line(text = ""): void {
    this.#write(`${text}\n`);
  }

  /** One of the chain's parts. */
  head(label: string, text: string): void {
    this.line(`  ${this.paint("bold", label.padEnd(14))} ${text}`);
  }

  /** A line of an alert's story. @param time milliseconds */
  row(label: string, text: string, time?: number): void {
    const took = time === undefined ? "" : `  ${this.took(time)}`;
    this.line(`     ${this.paint("dim", label.padEnd(13))} ${text}${took}`);
  }

  took(milliseconds: number): string {
    return this.paint("dim", duration(milliseconds));
  }

  mark(ok: boolean): string {
    return ok ? this.paint("green", "✓") : this.paint("red", "✗");
  }
}

function duration(milliseconds: number): string {
  return milliseconds >= 10_000
    ? `${(milliseconds / 1000).toFixed(1)} s`
    : `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
}
