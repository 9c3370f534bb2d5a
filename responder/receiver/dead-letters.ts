import type { IncomingHttpHeaders } from "node:http";
import { parseAlert, type Alert } from "../alerts/alert.ts";
import { log } from "../telemetry/log.ts";
import { alerts } from "../telemetry/metrics.ts";
import { compareUrgency, oneHigher } from "../alerts/priority.ts";
import { originOf, type FalcoPayload } from "../alerts/falcosidekick.ts";
import { RESPONSE_EVENT_SOURCE } from "../events.ts";
import { LIMITS } from "../limits.ts";
import { post, shown } from "../post.ts";
import { plain } from "../text.ts";
import { problem, type Deliver } from "./answer.ts";

/** Milliseconds that falcosidekick may take to answer. */
const TIMEOUT = 10_000;

/**
 * The dead letter sink: whatever the Broker could not deliver becomes an alert of its own in falcosidekick,
 * whose `source` keeps every Trigger of ours from taking it up again. It is in the log first, whole, so that
 * it is not lost where falcosidekick is down too.
 * @param falcosidekick URL that takes alerts
 */
export function deadLetter(falcosidekick: string): Deliver {
  return async (headers, body) => {
    const text = body.toString("utf8");
    const payload = undeliveredPayload(headers, text);
    log("error", "undelivered", { reason: payload.output, delivery: text });
    alerts.inc({ outcome: "undelivered" });
    const failure = await post(falcosidekick, { "content-type": "application/json" }, JSON.stringify(payload), TIMEOUT);
    if (failure === undefined) return { status: 204 };
    const url = shown(falcosidekick);
    log("error", "falcosidekick did not take it", { url, reason: failure.reason });
    return problem(503, `falcosidekick at ${url} did not take it: ${failure.reason}`);
  };
}

/**
 * What is told of a dead letter. The Broker says in extensions what went wrong.
 * @see https://knative.dev/docs/eventing/event-delivery/#configuring-delivery
 */
export function undeliveredPayload(headers: IncomingHttpHeaders, body: string): FalcoPayload {
  const alert = readable(body);
  const code = header(headers, "ce-knativeerrorcode");
  const destination = header(headers, "ce-knativeerrordest");
  const detail = Buffer.from(raw(headers, "ce-knativeerrordata") ?? "", "base64")
    .toString("utf8")
    .trim();
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
