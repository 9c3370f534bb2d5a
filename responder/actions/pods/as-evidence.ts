import { end } from "../../text.ts";

/** An object as evidence: bounded as soon as it is read, as many are held at once. */
export interface KeptObject {
  value: object;
  /** Whether nothing was left out. */
  whole: boolean;
}

/** What owns a pod, or its owner. */
export interface Owner {
  kind: string;
  name: string;
  /** undefined for a kind that isn't Kubernetes' own, and for an owner that is gone. */
  object?: KeptObject;
}

/** The end of a container's log. */
export interface ContainerLog {
  container: string;
  /** Of the container before it restarted. */
  previous: boolean;
  text?: string;
  /** Why there is none. */
  reason?: string;
  truncated: boolean;
}

/** What is known of a pod. */
export interface Evidence {
  pod: KeptObject;
  owners: readonly Owner[];
  events: readonly KeptObject[];
  logs: readonly ContainerLog[];
}

/**
 * What is known of a pod as JSON, bounded in each of its parts and in all: the logs get the room that the others leave.
 * @param limit bytes, encoded
 * @param incomplete whether something was left out before
 */
export function asEvidence(
  { pod, owners, events, logs }: Evidence,
  limit: number,
  incomplete: boolean,
): { text: string; truncated: boolean } {
  let leftOut = incomplete;
  const told = ({ value, whole }: KeptObject): object => {
    leftOut ||= !whole;
    return value;
  };
  const toldEvents: unknown[] = [];
  let room = Math.floor(limit / 4);
  for (const event of events) {
    const value = told(event);
    room -= bytesOf(value) + 1;
    if (room < 0) break;
    toldEvents.push(value);
  }
  leftOut ||= room < 0;
  const parts = {
    pod: told(pod),
    owners: owners.map(({ object, ...owner }) => ({
      ...owner,
      ...(object && { object: told(object) }),
    })),
    events: toldEvents,
  };
  const empty = logs.map(({ text, ...log }) => (text === undefined ? log : { ...log, text: "" }));
  const share = Math.floor((limit - bytesOf({ ...parts, logs: empty })) / Math.max(logs.length, 1));
  const cutLogs = logs.map((log) => (log.text === undefined ? log : cutLog(log, log.text, share)));
  return {
    text: JSON.stringify({ ...parts, logs: cutLogs }),
    truncated: leftOut || cutLogs.some(({ truncated }) => truncated),
  };
}

/** A log of which no more is kept than so many bytes, encoded: there a quote is two. */
function cutLog(log: ContainerLog, whole: string, limit: number): ContainerLog {
  let text = whole;
  for (let size = encoded(text); size > limit && text !== ""; size = encoded(text)) {
    text = end(text, Math.floor((Buffer.byteLength(text) * limit) / size) - 1);
  }
  return text === whole ? log : { ...log, text, truncated: true };
}

function encoded(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}

/**
 * An object as evidence: without who last wrote which field, which is longer than the rest and tells nothing, and
 * where it is too large all the same, without its annotations, or only how large it is.
 */
export function keptObject(object: object, limit: number): KeptObject {
  const whole = without(object, "managedFields");
  const size = bytesOf(whole);
  if (size <= limit) return { value: whole, whole: true };
  const smaller = without(whole, "annotations");
  return { value: bytesOf(smaller) <= limit ? smaller : { leftOut: `${size} bytes` }, whole: false };
}

/** An object without one part of its metadata. */
function without(object: { metadata?: object }, part: string): object {
  const metadata = Object.fromEntries(Object.entries(object.metadata ?? {}).filter(([key]) => key !== part));
  return { ...object, metadata };
}

function bytesOf(object: object): number {
  return Buffer.byteLength(JSON.stringify(object));
}
