import { createHash } from "node:crypto";
import { CloudEvent } from "cloudevents";
import type { Output, Step } from "../actions/outcome.ts";
import type { Alert } from "../alerts/alert.ts";
import { OUTPUT_TYPE, RESPONSE_EVENT_SOURCE, RESPONSE_SOURCE } from "../events.ts";
import { LIMITS } from "../limits.ts";
import { end, plain } from "../text.ts";
import type { OutputTarget } from "../rules/rule.ts";

/** The data of an output's CloudEvent. */
export interface OutputData {
  /** The alert that the action answered. */
  alert: { uuid?: string; rule: string; priority: string; time?: string };
  /** The response rule, its action and actionner. */
  rule: string;
  action: string;
  actionner: string;
  pod?: { namespace: string; name: string; uid?: string };
  /** Text; of an action that gives JSON, the object. */
  output: unknown;
  truncated: boolean;
  /** Where the rules file wants it to go, for whoever subscribes. */
  target?: OutputTarget;
}

/**
 * An action's output for the Broker, whole, or as much of it as an event may have when it is encoded; undefined where
 * there is none. The same action on the same alert always gives the same id.
 * @param key what tells the alert from others
 */
export function outputEvent(
  alert: Alert,
  key: string,
  step: Step,
  target: OutputTarget | undefined,
): CloudEvent<OutputData> | undefined {
  const { rule, action, actionner, output } = step;
  if (!output || output.text === "") return undefined;
  const { pod } = alert.named;
  const name = createHash("sha256").update(`${rule}/${action}`).digest("base64url").slice(0, 16);
  return new CloudEvent<OutputData>({
    id: `output-${key}-${name}`,
    type: OUTPUT_TYPE,
    source: RESPONSE_SOURCE,
    ...(pod && { subject: `${pod.namespace}/${pod.name}` }),
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    eventsource: RESPONSE_EVENT_SOURCE,
    actionner,
    ...(target && { target: target.target }),
    data: {
      alert: aboutAlert(alert),
      rule,
      action,
      actionner,
      ...(pod && { pod: { namespace: pod.namespace, name: pod.name, ...(pod.uid !== undefined && { uid: pod.uid }) } }),
      ...fitting(output),
      ...(target && { target }),
    },
  });
}

function aboutAlert({ uuid, rule, priority, time }: Alert): OutputData["alert"] {
  return {
    rule: plain(rule, LIMITS.field),
    priority,
    ...(uuid !== undefined && { uuid: plain(uuid, LIMITS.field) }),
    ...(time !== undefined && { time: plain(time, LIMITS.field) }),
  };
}

/** Text can grow sixfold when it is encoded: the bound is on what is sent. */
function fitting({ mediaType, text, truncated }: Output): Pick<OutputData, "output" | "truncated"> {
  let kept = text;
  for (let size = encodedSize(kept); size > LIMITS.outputSent; size = encodedSize(kept)) {
    kept = end(kept, Math.floor((Buffer.byteLength(kept) * LIMITS.outputSent) / size) - 1);
  }
  if (mediaType === "application/json" && kept === text) return { output: JSON.parse(text) as unknown, truncated };
  return { output: kept, truncated: truncated || kept !== text };
}

function encodedSize(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}
