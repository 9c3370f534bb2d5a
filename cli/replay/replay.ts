import { createReadStream } from "node:fs";
import type { Rule } from "../../responder/rules/rule.ts";
import { alertIn, linesOf } from "./lines.ts";
import { Rehearsal, type RehearsalOptions } from "./rehearsal.ts";
import { reportOf, type Report } from "./report.ts";

/** Milliseconds between two words on how far it is. */
const BETWEEN = 2000;

/**
 * Reads alerts from files ("-": standard input), one after the other, and says what the rules would have done.
 * @param since milliseconds since 1970
 * @param onProgress is told now and then how many lines have been read
 * @throws {Error} with the `path`, where a file can't be read
 */
export async function replay(
  files: readonly string[],
  rules: readonly Rule[],
  options: RehearsalOptions & { since?: number | undefined },
  onProgress: (lines: number) => void,
): Promise<Report> {
  const rehearsal = new Rehearsal(rules, options);
  let lines = 0;
  let told = performance.now();
  for (const file of files) {
    const stream = file === "-" ? process.stdin : createReadStream(file);
    for await (const line of linesOf(stream.setEncoding("utf8") as AsyncIterable<string>)) {
      lines++;
      const alert = alertIn(line);
      if (alert) rehearsal.take(alert, options.since);
      if (lines % 1000 === 0 && performance.now() - told > BETWEEN) {
        told = performance.now();
        onProgress(lines);
      }
    }
  }
  return reportOf(rehearsal, lines, options);
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** When `--since` means, in milliseconds since 1970; undefined for what is neither a duration nor a time. */
export function sinceOf(text: string, now = Date.now()): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (digits !== undefined) return now - Number(digits) * (UNITS[unit] ?? NaN);
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? undefined : time;
}
