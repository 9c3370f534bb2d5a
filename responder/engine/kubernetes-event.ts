import { randomUUID } from "node:crypto";
import type { Outcome, Step } from "../actions/outcome.ts";
import type { Subject } from "../actions/subject.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { apiErrorOf } from "../kubernetes/errors.ts";
import { EVENTS } from "../kubernetes/resources.ts";
import { plain } from "../text.ts";
import { log } from "../telemetry/log.ts";

/** A response rule about to act on something, for one alert. */
export interface RuleRun {
  rule: string;
  /** The Falco rule, and what tells one alert from another. */
  alert: string;
  key: string;
  subject: Subject;
}

/** Who an Event of ours comes from. */
export const COMPONENT = "response-engine";

/** As much of core/v1's Event as is written and read. @see https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
export interface KubernetesEvent {
  metadata: {
    name: string;
    namespace: string;
    resourceVersion?: string;
    annotations?: Record<string, string>;
  };
  type?: string;
  reason?: string;
  message?: string;
  source?: { component?: string };
  lastTimestamp?: string;
  count?: number;
}

/** What is said of a rule's actions, for `kubectl describe`. */
export function eventText(
  { alert }: RuleRun,
  steps: readonly Step[],
): { type: string; reason: string; message: string } {
  const has = (wanted: Outcome) => steps.some(({ outcome }) => outcome === wanted);
  const message = `Falco rule "${alert}": ${steps.map((step) => step.message).join("; ")}`;
  const reason = has("failed") ? "ResponseFailed" : has("held") ? "ResponseHeld" : "Responded";
  return { type: "Warning", reason, message: plain(message) };
}

/** Tells on the subject what the rule has done there. That it can't be told changes nothing. */
export async function writeEvent(cluster: Cluster, run: RuleRun, steps: readonly Step[]): Promise<void> {
  const namespace = namespaceOf(run.subject);
  try {
    const body = eventFor(run, `response-${randomUUID()}`, eventText(run, steps));
    await cluster.create({ resource: EVENTS, namespace }, body);
  } catch (thrown) {
    notWritten(run, thrown);
  }
}

export function notWritten({ subject }: RuleRun, thrown: unknown): void {
  log("warning", "no Kubernetes Event", { subject: subject.described, reason: apiErrorOf(thrown).message });
}

export function eventFor(
  { subject }: RuleRun,
  name: string,
  said: Pick<KubernetesEvent, "type" | "reason" | "message">,
): KubernetesEvent & Record<string, unknown> {
  const now = new Date().toISOString();
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: namespaceOf(subject) },
    involvedObject: subject.reference,
    ...said,
    source: { component: COMPONENT },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
}

/** The API wants the Events of what is in no namespace in this one. */
export function namespaceOf({ reference }: Subject): string {
  return reference.namespace ?? "default";
}
