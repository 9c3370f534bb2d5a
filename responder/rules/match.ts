import type { Alert } from "../alerts/alert.ts";
import { shown } from "../json.ts";
import { parseConditions, type Condition } from "./conditions.ts";
import { compareUrgency, parsePriority, PRIORITIES, type Priority } from "../alerts/priority.ts";

/**
 * Which alerts a response rule answers: those for which every part that is there says yes.
 * @see https://docs.falco-talon.org/docs/rules/#match
 */
export interface Match {
  /** Names of Falco rules, any of which will do; none: every rule. */
  rules: readonly string[];
  priority?: { comparator: Comparator; priority: Priority };
  /** Lists of tags, one of which the alert must have whole; none: whatever its tags. */
  tags: readonly (readonly string[])[];
  /** Lists of conditions, one of which must hold whole; none: whatever its fields. */
  outputFields: readonly (readonly Condition[])[];
  /** Falco's data source. */
  source?: string;
}

type Comparator = "<" | "<=" | "=" | ">=" | ">";

/** The message starts with the key below `match`, and says what it takes. */
export class MatchError extends Error {
  override name = "MatchError";
}

export const MATCH_KEYS = ["rules", "priority", "tags", "output_fields", "source"];

/**
 * Reads the `match` of a rules file's entry.
 * @throws {MatchError}
 */
export function parseMatch(match: Readonly<Record<string, unknown>>): Match {
  const unknown = Object.keys(match).find((key) => !MATCH_KEYS.includes(key));
  if (unknown) throw new MatchError(`${unknown} is not supported; match has ${MATCH_KEYS.join(", ")}`);
  const { source } = match;
  if (source !== undefined && source !== null && typeof source !== "string")
    throw new MatchError("source: is not text");
  const priority = parseMatchPriority(match["priority"]);
  return {
    rules: readList(match, "rules"),
    tags: readList(match, "tags").map(parseTags),
    outputFields: readList(match, "output_fields").map(conditionsOf),
    ...(priority && { priority }),
    ...(source && { source }),
  };
}

/**
 * Why the alert is not one that `match` asks for, in words that name the key and both values; undefined
 * where it is one.
 */
export function mismatch(match: Match, alert: Alert): string | undefined {
  const { rules, priority, tags, outputFields, source } = match;
  if (rules.length > 0 && !rules.includes(alert.rule)) {
    return `rules: the alert's rule is "${alert.rule}"`;
  }
  if (outputFields.length > 0 && !outputFields.some((conditions) => conditions.every((one) => holds(one, alert)))) {
    const failed = outputFields.flatMap((conditions) => conditions.find((one) => !holds(one, alert)) ?? []);
    return `output_fields: ${failed.map((condition) => describe(condition, alert)).join("; ")}`;
  }
  if (priority && !compares(compareUrgency(alert.priority, priority.priority), priority.comparator)) {
    return `priority: ${alert.priority} is not ${priority.comparator} ${priority.priority}`;
  }
  if (tags.length > 0 && !tags.some((wanted) => wanted.every((tag) => alert.tags.includes(tag)))) {
    return `tags: the alert has ${alert.tags.join(", ") || "none"}`;
  }
  if (source !== undefined && source !== alert.source) {
    return `source: the alert's is "${alert.source}"`;
  }
  return undefined;
}

/** A field that is not there equals the empty value alone. */
function holds({ field, operator, value }: Condition, alert: Alert): boolean {
  return ((alert.fields.get(field) ?? "") === value) === (operator === "=");
}

function describe({ field, operator, value }: Condition, alert: Alert): string {
  const actual = alert.fields.get(field);
  return `${field}${operator}${value || '""'} does not hold (${actual === undefined ? "it is not there" : `it is "${actual}"`})`;
}

function compares(difference: number, comparator: Comparator): boolean {
  switch (comparator) {
    case "<":
      return difference < 0;
    case "<=":
      return difference <= 0;
    case "=":
      return difference === 0;
    case ">=":
      return difference >= 0;
    case ">":
      return difference > 0;
  }
}

function parseMatchPriority(value: unknown): Match["priority"] {
  if (value === undefined || value === null || value === "") return undefined;
  const [, comparator = "", name = ""] = (typeof value === "string" && /^([<>]?=?)(.*)$/.exec(value.trim())) || [];
  const priority = parsePriority(name);
  if (!priority) {
    throw new MatchError(
      `priority: ${shown(value)} is not allowed; ` +
        `it takes one of ${PRIORITIES.join(", ")}, after <, <=, =, >=, > or nothing`,
    );
  }
  return { comparator: (comparator || "=") as Comparator, priority };
}

function parseTags(item: string): string[] {
  const tags = item.split(",").map((tag) => tag.trim());
  if (tags.includes("")) throw new MatchError(`tags: ${shown(item)} holds an empty tag; it takes "TAG" or "TAG, TAG"`);
  return tags;
}

function conditionsOf(item: string): Condition[] {
  const conditions = parseConditions(item);
  if (conditions) return conditions;
  throw new MatchError(
    `output_fields: ${shown(item.trim())} is not a condition; it takes "FIELD=VALUE" or "FIELD!=VALUE", several ` +
      'with commas between them, a VALUE with a comma in quotes, and "" for a field that is not there',
  );
}

function readList(match: Readonly<Record<string, unknown>>, key: string): string[] {
  const value = match[key] ?? [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string" && item !== "")) {
    throw new MatchError(`${key}: ${shown(value)} is not allowed; it takes a list of texts`);
  }
  return value as string[];
}
