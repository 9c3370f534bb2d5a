import type { Alert } from "./alert.ts";
import type { Outcome, Output } from "./actions/action.ts";
import { podOf } from "./alert.ts";
import { oneHigher, type Priority } from "./priority.ts";

/** What falcosidekick's alerts are called as CloudEvents. */
export const ALERT_TYPE = "falco.rule.output.v1";
/** Where they come from: current releases of falcosidekick, and those of 2021. */
export const ALERT_SOURCES = ["https://falco.org", "falco.org"] as const;
/** What the responder's replies are called as CloudEvents. */
export const RESPONSE_TYPE = "falco.response.v1";
/** Where they come from. */
export const RESPONSE_SOURCE = "/response-engine/responder";
/**
 * The `source` of a response's payload, which falcosidekick sends along as the extension `eventsource` when it
 * passes the response on as an alert: what has it is never answered.
 */
export const RESPONSE_EVENT_SOURCE = "response";

/**
 * A response as falcosidekick takes alerts: it refuses one without rule, priority, time or output_fields, and
 * wants strings in the fields that name a pod.
 * @see https://github.com/falcosecurity/falcosidekick/blob/master/types/types.go
 */
export interface FalcoPayload {
  output: string;
  priority: Priority;
  rule: string;
  time: string;
  output_fields: Record<string, string>;
  source: typeof RESPONSE_EVENT_SOURCE;
  tags: string[];
  hostname?: string;
}

/** One action of one response rule, and how it ended. */
export interface Step {
  rule: string;
  action: string;
  actionner: string;
  outcome: Outcome;
  message: string;
  output?: Output;
}

/** What was done about an alert, for people: a failure is one priority higher than the alert. */
export function responsePayload(alert: Alert, steps: readonly Step[], outcome: Outcome): FalcoPayload {
  const rules = distinct(steps.map(({ rule }) => rule)).join(", ");
  return {
    output: `Response to "${alert.rule}": ${steps.map(({ message }) => message).join("; ")}`,
    priority: outcome === "failed" ? oneHigher(alert.priority) : alert.priority,
    rule: `Response: ${rules}`,
    time: new Date().toISOString(),
    output_fields: {
      ...originOf(alert),
      "response.action": distinct(steps.map(({ action }) => action)).join(", "),
      "response.actionner": distinct(steps.map(({ actionner }) => actionner)).join(", "),
      "response.outcome": outcome,
      ...outputField(steps),
    },
    source: RESPONSE_EVENT_SOURCE,
    tags: ["response"],
    ...(alert.hostname !== undefined && { hostname: alert.hostname }),
  };
}

/** The output fields that tie a response to its alert. */
export function originOf(alert: Alert): Record<string, string> {
  const pod = podOf(alert);
  return {
    "alert.rule": alert.rule,
    "alert.priority": alert.priority,
    ...(alert.uuid !== undefined && { "alert.uuid": alert.uuid }),
    ...(pod && { "k8s.ns.name": pod.namespace, "k8s.pod.name": pod.name }),
    ...(pod?.uid !== undefined && { "k8s.pod.uid": pod.uid }),
  };
}

/** How many characters of an action's output a response holds; the whole of it is an event of its own. */
const EXCERPT = 2048;

function outputField(steps: readonly Step[]): Record<string, string> {
  const told = steps.flatMap(({ action, output }) => (output && output.text !== "" ? [{ action, excerpt: excerptOf(output) }] : []));
  const [first] = told;
  if (!first) return {};
  return { "response.output": told.length === 1 ? first.excerpt : told.map(({ action, excerpt }) => `==> ${action} <==\n${excerpt}`).join("\n") };
}

/** Of a text the end, where what is newest stands; of JSON the start. */
function excerptOf({ mediaType, text }: Output): string {
  if (text.length <= EXCERPT) return text;
  const left = `${text.length - EXCERPT} more characters`;
  return mediaType === "application/json" ? `${text.slice(0, EXCERPT)}… (${left})` : `(${left} before this) …${text.slice(-EXCERPT)}`;
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
