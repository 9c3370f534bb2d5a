import type { IncomingHttpHeaders } from "node:http";
import { parseAlert, type Alert } from "../alerts/alert.ts";
import { log } from "../telemetry/log.ts";
import { alerts } from "../telemetry/metrics.ts";
import { compareUrgency, oneHigher } from "../alerts/priority.ts";
import { originOf, type FalcoPayload } from "../alerts/falcosidekick.ts";
import { ALERT_KEY_EXTENSION, ALERT_TYPE, RESPONSE_EVENT_SOURCE, RESPONSE_TYPE } from "../events.ts";
import { isMap, parsed } from "../json.ts";
import { LIMITS } from "../limits.ts";
import { post, shown } from "../post.ts";
import { plain } from "../text.ts";
import { problem, type Deliver } from "./answer.ts";
import { REFUSED } from "./authentication.ts";
import { mediaTypeOf } from "./cloud-event.ts";
import { Collapsed, type Later } from "./collapsed.ts";

/** Milliseconds that falcosidekick may take to answer. */
const TIMEOUT = 10_000;

/**
 * The dead letter sink: whatever the Broker could not deliver becomes an alert of its own in falcosidekick,
 * whose `source` keeps every Trigger of ours from taking it up again. It is in the log first, whole, so that
 * it is not lost where falcosidekick is down too. What was refused may be an attacker's and come in any number: alerts
 * that were answered 403, for their key or by something before the responder, and responses that are none. They are told
 * at most once a minute.
 * @param falcosidekick URL that takes alerts
 */
export function deadLetter(falcosidekick: string, inTime?: Later): Deliver {
  const send = async (payload: FalcoPayload): Promise<string | undefined> => {
    const failure = await post(falcosidekick, { "content-type": "application/json" }, JSON.stringify(payload), TIMEOUT);
    if (failure === undefined) return undefined;
    const url = shown(falcosidekick);
    log("error", "falcosidekick did not take it", { url, reason: failure.reason });
    return `falcosidekick at ${url} did not take it: ${failure.reason}`;
  };
  const others = new Collapsed<FalcoPayload>((last, count) => void send(several(last, count)), inTime);
  const ours = new Collapsed<FalcoPayload>((last, count) => {
    log("warning", "undelivered", { reason: several(last, count).output });
  }, inTime);
  return async (headers, body) => {
    const text = body.toString("utf8");
    const payload = undeliveredPayload(headers, text);
    // what the responder itself refused, it has counted and told
    if (isRefused(headers) && detailOf(headers).includes(REFUSED)) {
      ours.note(payload);
      return { status: 204 };
    }
    alerts.inc({ outcome: "undelivered" });
    if (isRefused(headers)) {
      if (others.note(payload) <= LINES) record(payload, headers, text);
    } else {
      record(payload, headers, text);
      const failure = await send(payload);
      if (failure !== undefined) return problem(503, failure);
    }
    return { status: 204 };
  };
}

/** Lines of the log within a minute, of what may come in any number. */
const LINES = 10;

function record({ output }: FalcoPayload, headers: IncomingHttpHeaders, text: string): void {
  log("error", "undelivered", { reason: output, delivery: keyless(headers, text) });
}

function isRefused(headers: IncomingHttpHeaders): boolean {
  const { "ce-knativeerrorcode": code, "ce-type": type } = headers;
  return (code === "403" && type === ALERT_TYPE) || (code === "400" && type === RESPONSE_TYPE);
}

function several(last: FalcoPayload, count: number): FalcoPayload {
  if (count === 1) return last;
  return { ...last, output: `${count} events within a minute were refused; the last: ${last.output}` };
}

/** The delivery without the key; in binary mode that is a header, which nothing here shows. */
function keyless(headers: IncomingHttpHeaders, text: string): string {
  if (!mediaTypeOf(headers).startsWith("application/cloudevents")) return text;
  const event = parsed(text);
  const without = (one: unknown): unknown =>
    isMap(one) ? Object.fromEntries(Object.entries(one).filter(([name]) => name !== ALERT_KEY_EXTENSION)) : one;
  if (event === undefined) return `(${Buffer.byteLength(text)} bytes that are no JSON)`;
  return JSON.stringify(Array.isArray(event) ? event.map(without) : without(event));
}

/**
 * What is told of a dead letter. The Broker says in extensions what went wrong.
 * @see https://knative.dev/docs/eventing/event-delivery/#configuring-delivery
 */
export function undeliveredPayload(headers: IncomingHttpHeaders, body: string): FalcoPayload {
  const alert = readable(body);
  const code = header(headers, "ce-knativeerrorcode");
  const destination = header(headers, "ce-knativeerrordest");
  const detail = detailOf(headers);
  const subject = alert
    ? alert.source === RESPONSE_EVENT_SOURCE
      ? `The response "${plain(alert.output)}"`
      : `The alert "${plain(alert.rule, LIMITS.field)}"`
    : `A CloudEvent of type "${header(headers, "ce-type") ?? "unknown"}"${ruleOf(headers)}`;
  const reason = code ? ` The last answer of ${destination ?? "its subscriber"} was ${code}.` : "";
  return {
    output: `${subject} could not be delivered, and nothing more will be done about it.${reason}`,
    // as urgent as what was lost, and never less than an error
    priority: alert && compareUrgency(alert.priority, "Error") >= 0 ? oneHigher(alert.priority) : "Error",
    rule: "Response: not delivered",
    time: new Date().toISOString(),
    output_fields: {
      ...(alert && originOf(alert)),
      "response.outcome": "undelivered",
      ...(code && { "response.error.code": code }),
      ...(destination && { "response.error.destination": destination }),
      ...(detail && { "response.error.detail": plain(detail.trim(), LIMITS.field) }),
    },
    source: RESPONSE_EVENT_SOURCE,
    tags: ["response", "undelivered"],
    ...(alert?.hostname !== undefined && { hostname: plain(alert.hostname, LIMITS.field) }),
  };
}

function detailOf(headers: IncomingHttpHeaders): string {
  return Buffer.from(raw(headers, "ce-knativeerrordata") ?? "", "base64")
    .toString("utf8")
    .trim();
}

function readable(body: string): Alert | undefined {
  try {
    return parseAlert(JSON.parse(body));
  } catch {
    return undefined;
  }
}

function raw(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : undefined;
}

function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = raw(headers, name);
  // Node reads headers as latin1, the Broker writes them as UTF-8
  return value === undefined ? undefined : plain(Buffer.from(value, "latin1").toString("utf8"), LIMITS.field);
}

/** Of an alert that can't be read, for it is too large or broken, the event's attribute still names the rule. */
function ruleOf(headers: IncomingHttpHeaders): string {
  const rule = header(headers, "ce-rule");
  return rule === undefined ? "" : `, of rule "${rule}",`;
}
