import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { isMap } from "../../responder/json.ts";
import { parseExact } from "./json.ts";

/**
 * A CloudEvent on its way through the embedded broker. The body stays the bytes that came: the CloudEvents SDK
 * would parse and round them, and reads header values as latin1 where Falco's rule names are UTF-8.
 */
export interface BrokerEvent {
  /** Context attributes and extensions by lower-case name, `datacontenttype` included. */
  attributes: Readonly<Record<string, string>>;
  data: Buffer;
}

/** What can't be taken as a CloudEvent. */
class EventError extends Error {}

const REQUIRED = ["specversion", "id", "source", "type"];
const ATTRIBUTE_NAME = /^[a-z0-9]+$/;

/** Whether a request or a response carries a CloudEvent at all. */
export function isCloudEvent(headers: IncomingHttpHeaders): boolean {
  return isStructured(headers) || headers["ce-specversion"] !== undefined;
}

/**
 * Reads an event in binary or structured mode.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#3-http-message-mapping
 * @throws EventError for what is no valid CloudEvent 1.0
 */
export function readEvent(headers: IncomingHttpHeaders, body: Buffer): BrokerEvent {
  const event = isStructured(headers) ? readStructured(body) : readBinary(headers, body);
  for (const name of REQUIRED) {
    if (!event.attributes[name]) throw new EventError(`the CloudEvent has no ${name}`);
  }
  if (event.attributes["specversion"] !== "1.0")
    throw new EventError(`specversion ${String(event.attributes["specversion"])} is not supported; 1.0 is`);
  return event;
}

/** The headers of an event in binary mode, the way Knative delivers all events. */
export function writeHeaders({ attributes, data }: BrokerEvent): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { "Content-Length": data.length };
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "datacontenttype") headers["Content-Type"] = value;
    // Go writes UTF-8 as it is; Node takes one character per byte
    else headers[`Ce-${name.charAt(0).toUpperCase()}${name.slice(1)}`] = Buffer.from(value).toString("latin1");
  }
  return headers;
}

/** The event with other attributes; an undefined one is taken away. */
export function withAttributes(event: BrokerEvent, changes: Record<string, string | undefined>): BrokerEvent {
  const merged = Object.entries({ ...event.attributes, ...changes });
  return {
    ...event,
    attributes: Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== undefined)),
  };
}

function isStructured(headers: IncomingHttpHeaders): boolean {
  return (headers["content-type"] ?? "").toLowerCase().startsWith("application/cloudevents+json");
}

function readBinary(headers: IncomingHttpHeaders, data: Buffer): BrokerEvent {
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const text = typeof value === "string" ? Buffer.from(value, "latin1").toString() : undefined;
    if (text === undefined) continue;
    if (name === "content-type") attributes["datacontenttype"] = text;
    else if (name.startsWith("ce-")) attributes[name.slice(3)] = text;
  }
  return { attributes, data };
}

function readStructured(body: Buffer): BrokerEvent {
  let content: unknown;
  try {
    content = parseExact(body.toString());
  } catch {
    throw new EventError("the body is no JSON");
  }
  if (!isMap(content)) throw new EventError("the body is no JSON object");
  const { data, data_base64: base64, ...rest } = content;
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(rest)) {
    if (value === null) continue;
    if (!ATTRIBUTE_NAME.test(name)) throw new EventError(`${name} is no name of an attribute`);
    attributes[name] = typeof value === "string" ? value : JSON.stringify(value);
  }
  if (data !== undefined) attributes["datacontenttype"] ??= "application/json";
  if (typeof base64 === "string") return { attributes, data: Buffer.from(base64, "base64") };
  const isText = typeof data === "string" && !/json/i.test(attributes["datacontenttype"] ?? "");
  return { attributes, data: data === undefined ? Buffer.alloc(0) : Buffer.from(isText ? data : JSON.stringify(data)) };
}
