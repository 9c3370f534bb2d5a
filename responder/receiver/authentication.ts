import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { ALERT_KEY_EXTENSION } from "../events.ts";
import { isMap } from "../json.ts";
import { problem, type Answer, type Deliver } from "./answer.ts";
import { BATCH, DeliveryError, mediaTypeOf, readJson, STRUCTURED } from "./cloud-event.ts";
import { digestOf } from "./key-file.ts";
import type { Origin, Reason, Refusals } from "./refusals.ts";

const HEADER = `ce-${ALERT_KEY_EXTENSION}`;

/** Characters of a key, at most. */
const LONGEST = 512;

/** What a refusal says, whatever is wrong: by it the dead letter service knows one of ours. */
export const REFUSED = `refused: the event doesn't carry this responder's key (the extension ${ALERT_KEY_EXTENSION})`;

/** Knows the keys, as SHA-256 digests. */
export type Digests = () => readonly Buffer[];

/**
 * Lets through to `deliver` only what carries one of the keys, and takes the key out of it. Anything else is answered
 * 403, which no Broker sends again. In binary mode nothing of the body is looked at before; in the others the key is in
 * the body, of which nothing but the key is.
 */
export function guarded(digests: Digests, refusals: Refusals, deliver: Deliver): Deliver {
  return async (headers, body, from) => {
    const { [HEADER]: key, ...others } = headers;
    const refuse = (origin: Origin): Answer => {
      refusals.note(origin);
      return problem(403, REFUSED);
    };
    switch (mediaTypeOf(headers)) {
      case STRUCTURED: {
        const event = readJson(body);
        const reason = eventRefused(event, digests());
        if (reason) return refuse(originOf(reason, eventAttributes(event), headers, from));
        return await deliver(others, withoutKey(event), from);
      }
      case BATCH: {
        const admitted = admittedOf(readJson(body), headers, from, digests(), refusals);
        if (admitted.length === 0) return problem(403, REFUSED);
        return await deliver(others, Buffer.from(JSON.stringify(admitted)), from);
      }
      default: {
        const reason = refusedFor(key, digests());
        if (reason) return refuse(originOf(reason, headerAttributes(headers), headers, from));
        return await deliver(others, body, from);
      }
    }
  };
}

/**
 * What is wrong with a key; undefined for one of those accepted. All are compared, each in the same time, so that how
 * long it takes says nothing of them.
 */
export function refusedFor(key: unknown, digests: readonly Buffer[]): Reason | undefined {
  if (key === undefined || key === "") return "missing";
  // Node joins a header that is there twice; no key has a comma
  if (Array.isArray(key) || (typeof key === "string" && key.includes(","))) return "several";
  if (typeof key !== "string" || key.length > LONGEST) return "wrong";
  const given = digestOf(key);
  const same = digests.map((digest) => Number(timingSafeEqual(given, digest)));
  return same.reduce((sum, one) => sum + one, 0) > 0 ? undefined : "wrong";
}

function eventRefused(event: unknown, digests: readonly Buffer[]): Reason | undefined {
  return refusedFor(isMap(event) ? event[ALERT_KEY_EXTENSION] : undefined, digests);
}

/** @throws {DeliveryError} for what is no batch */
function admittedOf(
  batch: unknown,
  headers: IncomingHttpHeaders,
  from: string | undefined,
  digests: readonly Buffer[],
  refusals: Refusals,
): unknown[] {
  if (!Array.isArray(batch)) throw new DeliveryError(400, "the batch is not a JSON array");
  const admitted: unknown[] = [];
  const refused = new Map<Reason, { event: unknown; count: number }>();
  for (const event of batch as unknown[]) {
    const reason = eventRefused(event, digests);
    if (reason) refused.set(reason, { event, count: (refused.get(reason)?.count ?? 0) + 1 });
    else admitted.push(without(event));
  }
  for (const [reason, { event, count }] of refused) {
    refusals.note(originOf(reason, eventAttributes(event), headers, from), count);
  }
  return admitted;
}

function without(event: unknown): unknown {
  return isMap(event)
    ? Object.fromEntries(Object.entries(event).filter(([name]) => name !== ALERT_KEY_EXTENSION))
    : event;
}

function withoutKey(event: unknown): Buffer {
  return Buffer.from(JSON.stringify(without(event)));
}

type Attributes = Pick<Origin, "source" | "id" | "rule">;

function headerAttributes(headers: IncomingHttpHeaders): Attributes {
  const [source, id, rule] = ["ce-source", "ce-id", "ce-rule"].map((name) => textOf(headers[name]));
  return { source, id, rule };
}

function eventAttributes(event: unknown): Attributes {
  const { source, id, rule } = isMap(event) ? event : {};
  return { source: textOf(source), id: textOf(id), rule: textOf(rule) };
}

/** Behind Knative, whoever connects is its queue proxy, which says whom for. */
function originOf(
  reason: Reason,
  attributes: Attributes,
  headers: IncomingHttpHeaders,
  from: string | undefined,
): Origin {
  const { "x-forwarded-for": forwarded, "kn-namespace": namespace } = headers;
  return {
    reason,
    from: textOf(forwarded) ?? from?.replace(/^::ffff:/, ""),
    namespace: textOf(namespace),
    ...attributes,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
