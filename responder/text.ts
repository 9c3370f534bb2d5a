import { LIMITS } from "./limits.ts";

/** Control characters, and those that turn, hide or break a line of text. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu;

/**
 * Text of others (of an alert, an object or an answer) as it may stand in a message, a log line or a Kubernetes Event:
 * on one line, nothing a terminal would obey, bounded.
 * @param limit bytes of UTF-8
 */
export function plain(text: string, limit: number = LIMITS.message): string {
  // cut first: cleaning is linear in what is left
  return cut(cut(text, 4 * limit).replace(UNPRINTABLE, "\ufffd"), limit);
}

/** The start of a text that fits into so many bytes of UTF-8, with "…" where something is missing. */
export function cut(text: string, limit: number): string {
  if (text.length * 3 <= limit || Buffer.byteLength(text) <= limit) return text;
  return `${start(text, limit - 3)}…`;
}

/** The last bytes of a text, from a whole character on. */
export function end(text: string, limit: number): string {
  if (text.length * 3 <= limit) return text;
  const bytes = Buffer.from(text.slice(-limit));
  let from = Math.max(0, bytes.length - limit);
  // 10xxxxxx continues a character
  while (from < bytes.length && ((bytes[from] ?? 0) & 0xc0) === 0x80) from++;
  return bytes.subarray(from).toString("utf8");
}

/** The first bytes of a text, up to a whole character. */
export function start(text: string, limit: number): string {
  const bytes = Buffer.from(text.slice(0, limit));
  let to = Math.min(bytes.length, limit);
  while (to > 0 && to < bytes.length && ((bytes[to] ?? 0) & 0xc0) === 0x80) to--;
  return bytes.subarray(0, to).toString("utf8");
}

/** What a terminal obeys: sequences of ESC, and control characters other than a line's end and a tab. */
const TERMINAL =
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-Z\\-~])?|[\0-\x08\x0b-\x1f\x7f-\x9f]/g;

/** What a program printed, as text: a terminal's colours and commands are left out. Linear in its length. */
export function printed(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(TERMINAL, "");
}
