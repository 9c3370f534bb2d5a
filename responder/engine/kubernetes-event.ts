import { randomUUID } from "node:crypto";
import type { CoreV1Event } from "@kubernetes/client-node";
import type { Subject } from "../actions/actionner.ts";
import type { Step } from "../actions/outcome.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { clusterError } from "../kubernetes/errors.ts";
import { log } from "../telemetry/log.ts";

/** The annotation that says which alert an Event's rule was last claimed for. */
export const CLAIMED_FOR = "response-engine.io/alert";

/** What the API lets a message have. */
const MESSAGE_LIMIT = 1024;

/** A response rule about to act on something, for one alert. */
export interface Chapter {
  rule: string;
  /** The Falco rule, and what tells one alert from another. */
  alert: string;
  key: string;
  subject: Subject;
}

/**
 * Tells on the subject what the rule has done there, for `kubectl describe`. That it can't be told changes nothing.
 * @param claimed the Event of the claim, which becomes the story's; it is given up where an action failed
 * @see https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
export async function tell(
  cluster: Cluster,
  chapter: Chapter,
  steps: readonly Step[],
  claimed: string | undefined,
): Promise<void> {
  const failed = steps.some(({ outcome }) => outcome === "failed");
  const said = {
    type: "Warning",
    reason: failed ? "ResponseFailed" : "Responded",
    message: `Falco rule "${chapter.alert}": ${steps.map(({ message }) => message).join("; ")}`.slice(0, MESSAGE_LIMIT),
  };
  const namespace = namespaceOf(chapter.subject);
  try {
    if (claimed === undefined) {
      await cluster.core.createNamespacedEvent({
        namespace,
        body: eventFor(chapter, `response-${randomUUID()}`, said),
      });
    } else {
      const body = { ...said, ...(failed && { metadata: { annotations: { [CLAIMED_FOR]: null } } }) };
      await cluster.core.patchNamespacedEvent({ namespace, name: claimed, body });
    }
  } catch (thrown) {
    log("warning", "no Kubernetes Event", { subject: chapter.subject.described, reason: clusterError(thrown).message });
  }
}

export function eventFor(
  { subject }: Chapter,
  name: string,
  said: Pick<CoreV1Event, "type" | "reason" | "message">,
): CoreV1Event {
  const now = new Date();
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: namespaceOf(subject) },
    involvedObject: subject.reference,
    ...said,
    source: { component: "response-engine" },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
}

/** The API wants the Events of what is in no namespace in this one. */
export function namespaceOf({ reference }: Subject): string {
  return reference.namespace ?? "default";
}
