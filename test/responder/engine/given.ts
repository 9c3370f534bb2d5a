import assert from "node:assert/strict";
import { subjectOf } from "../../../responder/actions/subject.ts";
import type { Engine } from "../../../responder/engine/engine.ts";
import type { RuleRun } from "../../../responder/engine/kubernetes-event.ts";
import { respond } from "../../../responder/engine/respond.ts";
import { CONTAINER_ID, alert, apiError, cluster, container, engine, rules, running } from "../fixtures.ts";

export type FakeCluster = ReturnType<typeof cluster>;

/** The pod on node-1, with the container that raised the alert. */
export const APP = () => running(container("app", { containerID: CONTAINER_ID }));

/** A cluster whose answer to a deletion is a failure. */
export function failing(code: number): FakeCluster {
  return cluster({
    remove: () => {
      throw apiError(code, "because");
    },
  });
}

/** What the responder decides and acts with, by rules in YAML. */
export function engineOf(on: FakeCluster, yaml: string, more: Partial<Engine> = {}): Engine {
  return engine(on, { rules: rules(yaml), protectedNamespaces: new Set(), ...more });
}

/** The response to an alert that a rule answers. */
export async function responseOf(on: FakeCluster, yaml: string, more: Partial<Engine> = {}, about = alert()) {
  const verdict = await respond(about, "key", engineOf(on, yaml, more));
  assert.ok("steps" in verdict);
  return verdict;
}

export function verbs({ calls }: FakeCluster): string[] {
  return calls.map(({ verb }) => verb);
}

/** The rule "Keep the log" about to act on the pod that an alert with these fields names. */
export function ruleRun(fields: Record<string, unknown> = {}, more: Partial<RuleRun> = {}): RuleRun {
  const subject = subjectOf(alert(fields), "pod");
  assert.ok("reference" in subject);
  return { rule: "Keep the log", alert: "Terminal shell in container", key: "alert-1", subject, ...more };
}
