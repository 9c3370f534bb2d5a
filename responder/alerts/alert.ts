import { isMap } from "../json.ts";
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
  if (priority === undefined) throw new AlertError(`priority: "${priorityText}" is none of Falco's`);
  const uuid = optional(data, "uuid");
  const time = optional(data, "time");
  const hostname = optional(data, "hostname");
  return {
    rule,
    priority,
    output: optional(data, "output") ?? "",
    source: optional(data, "source") ?? "",
    tags: tagsOf(data["tags"]),
    fields: fieldsOf(data["output_fields"]),
    ...(uuid !== undefined && { uuid }),
    ...(time !== undefined && { time }),
    ...(hostname !== undefined && { hostname }),
  };
}

/** What names a pod: `uid` only where Falco was told to add `k8s.pod.uid`, `containerId` cut to 12 characters. */
export interface PodReference {
  namespace: string;
  name: string;
  uid?: string;
  containerId?: string;
}

/** The pod that raised the alert; undefined for an alert of the host or of a container outside Kubernetes. */
export function podOf(alert: Alert): PodReference | undefined {
  const namespace = alert.fields.get("k8s.ns.name");
  const name = alert.fields.get("k8s.pod.name");
  if (namespace === undefined || name === undefined) return undefined;
  const uid = alert.fields.get("k8s.pod.uid");
  const containerId = alert.fields.get("container.id");
  return {
    namespace,
    name,
    ...(uid !== undefined && { uid }),
    ...(containerId !== undefined && containerId !== "host" && { containerId }),
  };
}

function fieldsOf(value: unknown): Map<string, string> {
  if (value === undefined || value === null) return new Map();
  if (!isMap(value)) throw new AlertError("output_fields is not an object");
  const fields = new Map<string, string>();
  for (const [key, field] of Object.entries(value)) {
    const text = typeof field === "object" && field !== null ? JSON.stringify(field) : String(field);
    if (field !== null && text !== "" && text !== "<NA>") fields.set(key, text);
  }
  return fields;
}

function tagsOf(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((tag) => typeof tag === "string")) {
    throw new AlertError("tags is not a list of strings");
  }
  return value;
}

function required(data: Record<string, unknown>, key: string): string {
  const value = optional(data, key);
  if (value === undefined || value === "") throw new AlertError(`${key} is missing`);
  return value;
}

function optional(data: Record<string, unknown>, key: string): string | undefined {
  const value = data[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new AlertError(`${key} is not a string`);
  return value;
}
