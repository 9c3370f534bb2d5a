import type { IncomingHttpHeaders } from "node:http";
import { CloudEvent, HTTP } from "cloudevents";
import { holdsMoreThan, isMap } from "../json.ts";
import { LIMITS } from "../limits.ts";
import { plain } from "../text.ts";

/** A delivery that can't be used, however often it comes; `status` is the HTTP status that says so. */
export class DeliveryError extends Error {
  override name = "DeliveryError";
  readonly status: 400 | 413 | 415;
  constructor(status: 400 | 413 | 415, message: string) {
    super(plain(message));
    this.status = status;
  }
}

/** What one request brought; of a batch each event stands for itself, and may be broken. */
export interface Delivery {
  isBatch: boolean;
  events: (CloudEvent<unknown> | DeliveryError)[];
}

/** The content modes in which the event, or several, is the body. */
export const STRUCTURED = "application/cloudevents+json";
export const BATCH = "application/cloudevents-batch+json";

/** In lower case and without parameters; "" where there is none. */
export function mediaTypeOf(headers: IncomingHttpHeaders): string {
  return (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/**
 * The CloudEvents of an HTTP request, whichever content mode it is in.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#3-http-message-mapping
 * @throws {DeliveryError} for a request that isn't in any of them
 */
export function readDelivery(headers: IncomingHttpHeaders, body: Buffer): Delivery {
  const mediaType = mediaTypeOf(headers);
  switch (mediaType) {
    case STRUCTURED:
      return { isBatch: false, events: [structured(readJson(body))] };
    case BATCH: {
      const batch = readJson(body);
      if (!Array.isArray(batch)) throw new DeliveryError(400, "the batch is not a JSON array");
      if (batch.length > LIMITS.batch) {
        throw new DeliveryError(413, `the batch has ${batch.length} events, more than ${LIMITS.batch}`);
      }
      return { isBatch: true, events: batch.map(structuredOrNot) };
    }
    default:
      return { isBatch: false, events: [readBinary(headers, mediaType, body)] };
  }
}

/**
 * An event in the JSON format. Its data may be there as base64.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md#31-handling-of-data
 */
function structured(event: unknown): CloudEvent<unknown> {
  if (!isMap(event)) throw new DeliveryError(400, "not a CloudEvent: it is not a JSON object");
  const { data_base64: base64, ...rest } = event;
  // the SDK makes one up
  for (const name of ["id", "specversion"]) {
    if (typeof rest[name] !== "string" || rest[name] === "")
      throw new DeliveryError(400, `not a CloudEvent: ${name} is missing`);
  }
  const data = typeof base64 === "string" ? { data: readJson(Buffer.from(base64, "base64")) } : {};
  return checked(() => new CloudEvent<unknown>({ ...rest, ...data }));
}

function structuredOrNot(event: unknown): CloudEvent<unknown> | DeliveryError {
  try {
    return structured(event);
  } catch (error) {
    if (error instanceof DeliveryError) return error;
    throw error;
  }
}

function readBinary(headers: IncomingHttpHeaders, mediaType: string, body: Buffer): CloudEvent<unknown> {
  if (mediaType.startsWith("application/cloudevents")) {
    throw new DeliveryError(415, `${mediaType} is not supported; CloudEvents are taken in binary mode or as JSON`);
  }
  if (headers["ce-specversion"] === undefined) {
    throw new DeliveryError(400, "not a CloudEvent: the header ce-specversion is missing");
  }
  if (mediaType !== "" && mediaType !== "application/json" && !mediaType.endsWith("+json")) {
    throw new DeliveryError(415, `data of ${mediaType} is not supported; it is taken as application/json`);
  }
  // the attributes alone: the body is read here, since the package would round what is above 2^53
  const attributes = Object.entries(headers).filter(([name]) => name.startsWith("ce-"));
  return checked(() => {
    const event = HTTP.toEvent({ headers: Object.fromEntries(attributes), body: undefined }) as CloudEvent;
    return event.cloneWith({ data: readJson(body), datacontenttype: "application/json" }, false);
  });
}

function checked(read: () => CloudEvent<unknown>): CloudEvent<unknown> {
  try {
    const event = read();
    if (event.specversion !== "1.0") {
      throw new DeliveryError(400, `specversion "${plain(event.specversion, 80)}" is not supported; it is "1.0"`);
    }
    event.validate();
    return event;
  } catch (error) {
    if (error instanceof DeliveryError) throw error;
    throw new DeliveryError(400, `not a CloudEvent: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** @throws {DeliveryError} */
export function readJson(body: Buffer): unknown {
  const text = body.toString("utf8");
  if (holdsMoreThan(text, LIMITS.values)) {
    throw new DeliveryError(413, `the body holds more than ${LIMITS.values} values`);
  }
  try {
    // a reviver takes many times the memory and the time: only where there is something for it
    if (!/\d{16}/.test(text)) return JSON.parse(text);
    return JSON.parse(text, exactly as (key: string, value: unknown) => unknown);
  } catch (error) {
    throw new DeliveryError(400, `the body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Keeps whole numbers above 2^53 (Falco's evt.time) exact, as text; a reviver of JSON.parse. */
function exactly(_key: string, value: unknown, { source }: { source?: string }): unknown {
  return typeof value === "number" && !Number.isSafeInteger(value) && source && /^-?\d+$/.test(source) ? source : value;
}
