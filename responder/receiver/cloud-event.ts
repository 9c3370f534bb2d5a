import type { IncomingHttpHeaders } from "node:http";
import { CloudEvent, HTTP } from "cloudevents";

/** A delivery that can't be used, however often it comes; `status` is the HTTP status that says so. */
export class DeliveryError extends Error {
  override name = "DeliveryError";
  readonly status: 400 | 413 | 415;
  constructor(status: 400 | 413 | 415, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * The CloudEvents of an HTTP request, whichever content mode it is in.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#3-http-message-mapping
 * @throws {DeliveryError}
 */
export function readDelivery(headers: IncomingHttpHeaders, body: Buffer): CloudEvent<unknown>[] {
  const mediaType = (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  switch (mediaType) {
    case "application/cloudevents+json":
      return [
        checked(() => HTTP.toEvent({ headers: { "content-type": mediaType }, body: readJson(body) }) as CloudEvent),
      ];
    case "application/cloudevents-batch+json": {
      const batch = readJson(body);
      if (!Array.isArray(batch)) throw new DeliveryError(400, "the batch is not a JSON array");
      return batch.map((event: object) => checked(() => new CloudEvent(event)));
    }
    default:
      return [readBinary(headers, mediaType, body)];
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
      throw new DeliveryError(400, `specversion "${event.specversion}" is not supported; it is "1.0"`);
    }
    event.validate();
    return event;
  } catch (error) {
    if (error instanceof DeliveryError) throw error;
    throw new DeliveryError(400, `not a CloudEvent: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"), exactly as (key: string, value: unknown) => unknown);
  } catch (error) {
    throw new DeliveryError(400, `the body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Keeps whole numbers above 2^53 (Falco's evt.time) exact, as text; a reviver of JSON.parse. */
function exactly(_key: string, value: unknown, { source }: { source?: string }): unknown {
  return typeof value === "number" && !Number.isSafeInteger(value) && source && /^-?\d+$/.test(source) ? source : value;
}
