import { RESPONSE_EVENT_SOURCE } from "../events.ts";
import { LIMITS } from "../limits.ts";
import { plain } from "../text.ts";
import type { Alert } from "./alert.ts";
import type { Priority } from "./priority.ts";

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

/** The output fields that tie a response to its alert. */
export function originOf(alert: Alert): Record<string, string> {
  const { pod } = alert.named;
  return {
    "alert.rule": plain(alert.rule, LIMITS.field),
    "alert.priority": alert.priority,
    ...(alert.uuid !== undefined && { "alert.uuid": plain(alert.uuid, LIMITS.field) }),
    ...(pod && { "k8s.ns.name": pod.namespace, "k8s.pod.name": pod.name }),
    ...(pod?.uid !== undefined && { "k8s.pod.uid": pod.uid }),
  };
}
