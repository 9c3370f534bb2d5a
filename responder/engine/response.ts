import type { Outcome, Output, Step } from "../actions/outcome.ts";
import type { Alert } from "../alerts/alert.ts";
import { originOf, type FalcoPayload } from "../alerts/falcosidekick.ts";
import { oneHigher } from "../alerts/priority.ts";
import { RESPONSE_EVENT_SOURCE } from "../events.ts";
import { LIMITS } from "../limits.ts";
import { plain } from "../text.ts";

/** What was done about an alert, for people: a failure, a response that was held or a shortcoming is one priority higher than the alert. */
export function responsePayload(alert: Alert, steps: readonly Step[], outcome: Outcome): FalcoPayload {
  const rules = distinct(steps.map(({ rule }) => rule)).join(", ");
  const raised = outcome === "failed" || outcome === "held" || steps.some(({ shortcoming }) => shortcoming);
  return {
    output: plain(`Response to "${alert.rule}": ${steps.map(({ message }) => message).join("; ")}`, LIMITS.said),
    priority: raised ? oneHigher(alert.priority) : alert.priority,
    rule: plain(`Response: ${rules}`),
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
    ...(alert.hostname !== undefined && { hostname: plain(alert.hostname, LIMITS.field) }),
  };
}

function outputField(steps: readonly Step[]): Record<string, string> {
  const told = steps.flatMap(({ action, output }) =>
    output && output.text !== "" ? [{ action, excerpt: excerptOf(output) }] : [],
  );
  const [first] = told;
  if (!first) return {};
  return {
    "response.output":
      told.length === 1 ? first.excerpt : told.map(({ action, excerpt }) => `==> ${action} <==\n${excerpt}`).join("\n"),
  };
}

/** Of a text the end, where what is newest stands; of JSON the start. */
function excerptOf({ mediaType, text }: Output): string {
  if (text.length <= LIMITS.excerpt) return text;
  const left = `${text.length - LIMITS.excerpt} more characters`;
  return mediaType === "application/json"
    ? `${text.slice(0, LIMITS.excerpt)}… (${left})`
    : `(${left} before this) …${text.slice(-LIMITS.excerpt)}`;
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
