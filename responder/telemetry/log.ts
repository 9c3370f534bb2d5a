import { LIMITS } from "../limits.ts";
import { cut } from "../text.ts";

export type Level = "debug" | "info" | "warning" | "error";

/** What JSON lets stand as it is, and a terminal or a reader of lines obeys: DEL, C1, and what turns or breaks a line. */
const OBEYED = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Writes one line of JSON to standard output; what is undefined is left out. Whatever the fields hold, the line is one
 * line, holds nothing that a terminal obeys, and is written.
 */
export function log(level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const head = { level, time: new Date().toISOString(), message };
  let line: string;
  try {
    line = JSON.stringify({ ...head, ...fields }, bounded);
  } catch (error) {
    line = JSON.stringify({ ...head, unwritable: error instanceof Error ? error.message : String(error) });
  }
  process.stdout.write(`${line.replace(OBEYED, escaped)}\n`);
}

function bounded(_key: string, value: unknown): unknown {
  return typeof value === "string" ? cut(value, LIMITS.body) : value;
}

/** As JSON escapes: a character outside the basic plane is two. */
function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
    .join("");
}
