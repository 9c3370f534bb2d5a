import { isMap } from "../json.ts";
import { LIMITS } from "../limits.ts";
import { plain } from "../text.ts";
import { namedBy, type Named } from "./named.ts";
import { parsePriority, type Priority } from "./priority.ts";

/**
 * An alert as Falco words it and falcosidekick passes it on.
 * @see https://falco.org/docs/concepts/outputs/formatting/#json-output
 */
export interface Alert {
  /** falcosidekick's id of the alert; the same on every delivery of it. */
  uuid?: string;
  rule: string;
  priority: Priority;
  /** The sentence a person reads. */
  output: string;
  /** RFC 3339, nanoseconds. */
  time?: string;
  /** Falco's data source, "syscall" or a plugin's; "" where the alert has none. */
  source: string;
  tags: readonly string[];
  hostname?: string;
  /** By field name; a field that Falco could not fill (null, "<NA>") is not there. */
  fields: ReadonlyMap<string, string>;
  /** The pod, node or object it is about. */
  named: Named;
}

/** The payload is no Falco alert; the message says which part and why. */
export class AlertError extends Error {
  override name = "AlertError";
}

/**
 * Reads an alert from a CloudEvent's data. The extensions of the event (rule, priority, eventsource) are
 * copies that a header may have garbled: they are for Triggers, and nothing here looks at them.
 * @throws {AlertError}
 */
export function parseAlert(data: unknown): Alert {
  if (!isMap(data)) throw new AlertError("the data is not a JSON object");
  const rule = required(data, "rule");
  const priorityText = required(data, "priority");
  const priority = parsePriority(priorityText);
  if (priority === undefined) throw new AlertError(`priority: "${plain(priorityText, 80)}" is none of Falco's`);
  const uuid = optional(data, "uuid");
  const time = optional(data, "time");
  const hostname = optional(data, "hostname");
  const fields = fieldsOf(data["output_fields"]);
  return {
    rule,
    priority,
    output: optional(data, "output") ?? "",
    source: optional(data, "source") ?? "",
    tags: tagsOf(data["tags"]),
    fields,
    named: namedBy(fields, { hostname, time }),
    ...(uuid !== undefined && { uuid }),
    ...(time !== undefined && { time }),
    ...(hostname !== undefined && { hostname }),
  };
}

function fieldsOf(value: unknown): Map<string, string> {
  if (value === undefined || value === null) return new Map();
  if (!isMap(value)) throw new AlertError("output_fields is not an object");
  const fields = new Map<string, string>();
  const entries = Object.entries(value);
  if (entries.length > LIMITS.fields)
    throw new AlertError(`output_fields has ${entries.length} fields, more than ${LIMITS.fields}`);
  for (const [key, field] of entries) {
    const text = typeof field === "object" && field !== null ? nested(field) : String(field);
    if (field !== null && text !== "" && text !== "<NA>") fields.set(key, text);
  }
  return fields;
}

function nested(field: object): string {
  try {
    return JSON.stringify(field);
  } catch {
    throw new AlertError("output_fields is nested too deep");
  }
}

function tagsOf(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((tag) => typeof tag === "string")) {
    throw new AlertError("tags is not a list of strings");
  }
  if (value.length > LIMITS.tags) throw new AlertError(`tags has ${value.length} entries, more than ${LIMITS.tags}`);
  return value;
}

function required(data: Record<string, unknown>, key: string): string {
  const value = optional(data, key);
  if (value === undefined) throw new AlertError(`${key} is missing`);
  return value;
}

/** What is empty is not there: an empty uuid would be shared by many. */
function optional(data: Record<string, unknown>, key: string): string | undefined {
  const value = data[key];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") throw new AlertError(`${key} is not a string`);
  return value;
}
