import { isMap, shown } from "../json.ts";
import { FileError, readItems, type Item } from "./document.ts";
import { LIMITS, type Budget } from "./limits.ts";
import { UNPRINTABLE } from "./problems.ts";

/** A rules file, read: the name stands in messages. */
export interface RulesFile {
  name: string;
  text: string;
}

export interface Entry {
  kind: "rule" | "action";
  name: string;
  /** 'line 7 of rules.yaml, entry 2 (rule "…")', for messages. */
  where: string;
  body: Record<string, unknown>;
  /** What is wrong with it by itself, and with those of its name that it is merged of. */
  faults: Fault[];
}

/** What is wrong, and with which entry. */
export interface Fault {
  where: string;
  message: string;
}

/** What is wrong with one key of an entry; `where` is added by who knows it. */
export class EntryError extends Error {
  override name = "EntryError";
}

/** What a rule and an action may have. A rule's notifiers are taken and told of, as they are set elsewhere here. */
export const KEYS = {
  rule: ["rule", "description", "match", "actions", "continue", "dry_run", "notifiers"],
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

/** What a file holds. */
export interface FileContent {
  entries: Entry[];
  /** What is wrong with items of its list that are no entries; each can be left out. */
  stray: Fault[];
  /** Items that are there for aliases alone. */
  holders: Fault[];
}

/**
 * @throws {FileError} for a file that is no list, or asks for too much, the message with the file's name
 */
export function entriesOf({ name: file, text }: RulesFile, budget: Budget): FileContent {
  const content: FileContent = { entries: [], stray: [], holders: [] };
  for (const [index, item] of itemsOf(file, text, budget).entries()) {
    const place = `line ${item.line} of ${file}, entry ${index + 1}`;
    const entry = entryOf(item, place);
    if (typeof entry !== "string") content.entries.push(entry);
    else if (item.anchored && isMap(item.value) && !("rule" in item.value) && !("action" in item.value))
      content.holders.push({
        where: place,
        message: "is neither a rule nor an action, and read for its anchors alone",
      });
    else content.stray.push({ where: place, message: item.faults.join("; ") || entry });
  }
  return content;
}

function itemsOf(file: string, text: string, budget: Budget): Item[] {
  try {
    // a byte order mark says how the file is encoded, which is known here
    return readItems(text.replace(/^\ufeff/, ""), budget);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const { line, entry, message } = error;
    const place = [line === undefined ? file : `line ${line} of ${file}`, entry === undefined ? [] : `entry ${entry}`];
    throw new FileError(`${place.flat().join(", ")}: ${message}`);
  }
}

/** What is wrong with it, where it is no entry. */
function entryOf({ value: body, faults }: Item, place: string): Entry | string {
  if (!isMap(body)) return 'not an entry; it takes "rule:" or "action:" and their keys';
  const kind = "rule" in body ? "rule" : "action";
  const name = body[kind];
  if (typeof name !== "string" || name.trim() === "") return 'has no name; it takes "rule: NAME" or "action: NAME"';
  const objection = objectionToName(name);
  if (objection !== undefined) return `${kind}: ${objection}`;
  const where = `${place} (${kind} "${name}")`;
  const unknown = Object.keys(body).filter((key) => !KEYS[kind].includes(key));
  const unsupported = unknown.map((key) => `${key} is not supported; a ${kind} has ${KEYS[kind].join(", ")}`);
  return { kind, name, where, body, faults: [...faults, ...unsupported].map((message) => ({ where, message })) };
}

/** Why a text is no name; undefined where it is one. */
export function objectionToName(name: string): string | undefined {
  if (Buffer.byteLength(name) > LIMITS.nameBytes)
    return `the name ${shown(name)} is not allowed; it takes up to ${LIMITS.nameBytes} bytes`;
  if (UNPRINTABLE.test(name))
    return `the name ${shown(name)} is not allowed; it takes no control characters and no line breaks`;
  return undefined;
}

/** Entries of one name as one: a later one's keys take the place of an earlier one's, those of maps in it one by one. */
export function merge(entries: readonly [Entry, ...Entry[]]): Entry {
  const [first, ...others] = entries;
  if (others.length === 0) return first;
  // one map that grows, not one for each entry: a name may stand there thousands of times
  const body = new Map(Object.entries(first.body));
  const maps = new Map<string, Map<string, unknown>>();
  for (const { body: later } of others) {
    for (const [key, value] of Object.entries(later)) {
      const before = body.get(key);
      if (!["match", "parameters"].includes(key) || !isMap(value) || !(isMap(before) || maps.has(key))) {
        body.set(key, value);
        maps.delete(key);
        continue;
      }
      const map = maps.get(key) ?? new Map(Object.entries(isMap(before) ? before : {}));
      for (const [name, one] of Object.entries(value)) map.set(name, one);
      maps.set(key, map);
    }
  }
  for (const [key, map] of maps) body.set(key, Object.fromEntries(map));
  const last = others.at(-1) ?? first;
  return { ...last, body: Object.fromEntries(body), faults: entries.flatMap(({ faults }) => faults) };
}

export function readText(body: Record<string, unknown>, key: string): string {
  const value = body[key] ?? "";
  if (typeof value !== "string") throw new EntryError(`${key}: is not text`);
  return value.trim();
}

/** Undefined where it isn't said. */
export function readFlag(body: Record<string, unknown>, key: string): boolean | undefined {
  const value = body[key];
  if (value === undefined || value === null || value === "") return undefined;
  const said = typeof value === "string" ? value.toLowerCase() : value;
  if (said === true || said === "true") return true;
  if (said === false || said === "false") return false;
  throw new EntryError(`${key}: ${shown(value)} is not allowed; it takes true or false`);
}
