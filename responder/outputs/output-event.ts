import { CloudEvent } from "cloudevents";
import type { Step } from "../actions/outcome.ts";
import { podOf, type Alert } from "../alerts/alert.ts";
import { OUTPUT_TYPE, RESPONSE_EVENT_SOURCE, RESPONSE_SOURCE } from "../events.ts";
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
 * An action's output, whole, for the Broker; undefined where there is none. The same action on the same alert always gives the same id.
 * @param key what tells the alert from others
 */
export function outputEvent(
  alert: Alert,
  key: string,
  { rule, action, actionner, output }: Step,
  target: OutputTarget | undefined,
): CloudEvent<OutputData> | undefined {
  if (!output || output.text === "") return undefined;
  const pod = podOf(alert);
  const { uuid, rule: falcoRule, priority, time } = alert;
  return new CloudEvent<OutputData>({
    id: `output-${key}-${Buffer.from(`${rule}/${action}`).toString("base64url")}`,
    type: OUTPUT_TYPE,
    source: RESPONSE_SOURCE,
    ...(pod && { subject: `${pod.namespace}/${pod.name}` }),
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    eventsource: RESPONSE_EVENT_SOURCE,
    actionner,
    ...(target && { target: target.target }),
    data: {
      alert: { rule: falcoRule, priority, ...(uuid !== undefined && { uuid }), ...(time !== undefined && { time }) },
      rule,
      action,
      actionner,
      ...(pod && { pod: { namespace: pod.namespace, name: pod.name, ...(pod.uid !== undefined && { uid: pod.uid }) } }),
      output: output.mediaType === "application/json" ? (JSON.parse(output.text) as unknown) : output.text,
      truncated: output.truncated,
      ...(target && { target }),
    },
  });
}
