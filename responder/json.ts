import { LIMITS } from "./limits.ts";

/** Whether a value of YAML or JSON is a map. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Whether a text of JSON holds more values than so many, keys among them: each takes far more memory than its text.
 * Linear, and of what is no JSON an estimate.
 */
export function holdsMoreThan(text: string, most: number): boolean {
  let values = 1;
  for (let at = 0; at < text.length && values <= most; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === COMMA || code === COLON || code === BRACKET || code === BRACE) values++;
  }
  return values > most;
}

const [QUOTE, COMMA, COLON, BRACKET, BRACE, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5b, 0x7b, 0x5c];

/** Where the string ends that begins at a quote. */
function endOfString(text: string, begin: number): number {
  let at = begin + 1;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) break;
  }
  return at;
}

/** What a text of JSON says; undefined for one that is none, or holds more values than so many. */
export function parsed(text: string, most: number = LIMITS.values): unknown {
  try {
    if (holdsMoreThan(text, most)) return undefined;
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A value of YAML or JSON for a message: as JSON, cut where it is long. */
export function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 160).toWellFormed()}…` : text;
}
