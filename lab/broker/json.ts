/** JSON.rawJSON, which TypeScript's library doesn't know yet. @see https://github.com/tc39/proposal-json-parse-with-source */
declare global {
  interface JSON {
    rawJSON(text: string): unknown;
  }
}

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown;

/**
 * JSON.parse for payloads that must leave as they came: a number JavaScript would round (Falco's `evt.time` is
 * above 2^53) keeps its digits when it is written again. Such a number can't be calculated with.
 *
 * @throws SyntaxError
 */
export function parseExact(text: string): unknown {
  const reviver: Reviver = (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && String(value) !== source ? JSON.rawJSON(source) : value;
  return JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1]);
}

/** JSON as Go's encoding/json writes it: falcosidekick and Knative are Go programs. */
export function stringifyLikeGo(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
