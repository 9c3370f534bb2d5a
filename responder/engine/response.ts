import type { Outcome, Output, Step } from "../actions/outcome.ts";
import type { Alert } from "../alerts/alert.ts";
import { originOf, type FalcoPayload } from "../alerts/falcosidekick.ts";
import { oneHigher } from "../alerts/priority.ts";
import { RESPONSE_EVENT_SOURCE } from "../events.ts";

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

/** How many characters of an action's output a response holds; the whole of it is an event of its own. */
const EXCERPT = 2048;

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
  if (text.length <= EXCERPT) return text;
  const left = `${text.length - EXCERPT} more characters`;
  return mediaType === "application/json"
    ? `${text.slice(0, EXCERPT)}… (${left})`
    : `(${left} before this) …${text.slice(-EXCERPT)}`;
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
