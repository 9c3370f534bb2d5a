import { parseDocument } from "yaml";
import { isMap } from "../json.ts";

/** A rules file, read: the name stands in messages. */
export interface RulesFile {
  name: string;
  text: string;
}

export interface Entry {
  kind: "rule" | "action";
  name: string;
  /** "rules.yaml, entry 2 (rule "…")", for messages. */
  where: string;
  body: Record<string, unknown>;
}

/** What is wrong with one key of an entry; `where` is added by who knows it. */
export class EntryError extends Error {}

export const KEYS = {
  rule: ["rule", "description", "match", "actions", "continue", "dry_run"],
  action: [
    "action",
    "description",
    "actionner",
    "parameters",
    "continue",
    "ignore_errors",
    "additional_contexts",
    "output",
  ],
};

export function entriesOf({ name: file, text }: RulesFile, problems: string[]): Entry[] {
  const document = parseDocument(text, { prettyErrors: true });
  const [syntax] = document.errors;
  if (syntax) {
    problems.push(`${file}: not YAML: ${syntax.message.trim()}`);
    return [];
  }
  const content: unknown = document.toJS();
  if (content === null) return [];
  if (!Array.isArray(content)) {
    problems.push(`${file}: not a list of entries; each starts with "- rule:" or "- action:"`);
    return [];
  }
  return content.flatMap((body: unknown, index): Entry[] => {
    const place = `${file}, entry ${index + 1}`;
    if (!isMap(body)) {
      problems.push(`${place}: not an entry; it takes "rule:" or "action:" and their keys`);
      return [];
    }
    const kind = "rule" in body ? "rule" : "action";
    const name = body[kind];
    if (typeof name !== "string" || name.trim() === "") {
      problems.push(`${place}: has no name; it takes "rule: NAME" or "action: NAME"`);
      return [];
    }
    const where = `${place} (${kind} "${name}")`;
    const unknown = Object.keys(body).filter((key) => !KEYS[kind].includes(key));
    for (const key of unknown)
      problems.push(`${where}: ${key} is not supported; a ${kind} has ${KEYS[kind].join(", ")}`);
    return [{ kind, name, where, body }];
  });
}

export function merge(earlier: Entry, later: Entry): Entry {
  const body = { ...earlier.body, ...later.body };
  for (const key of ["match", "parameters"]) {
    const [before, after] = [earlier.body[key], later.body[key]];
    if (isMap(before) && isMap(after)) body[key] = { ...before, ...after };
  }
  return { ...later, body };
}

export function readText(body: Record<string, unknown>, key: string): string {
  const value = body[key] ?? "";
  if (typeof value !== "string") throw new EntryError(`${key}: is not text`);
  return value.trim();
}

export function readFlag(body: Record<string, unknown>, key: string): boolean | undefined {
  const value = body[key];
  if (value === undefined || value === null) return undefined;
  if (value === true || value === "true") return true;
  if (value === false || value === "false") return false;
  throw new EntryError(`${key}: ${JSON.stringify(value)} is not allowed; it takes true or false`);
}
