import assert from "node:assert/strict";
import type { CloudEvent } from "cloudevents";
import type { Alert } from "../../../responder/alerts/alert.ts";
import type { OutputData } from "../../../responder/outputs/output-event.ts";
import { respond } from "../../../responder/engine/respond.ts";
import { pathOf } from "../../../responder/kubernetes/resources.ts";
import { loadRules } from "../../../responder/rules/load.ts";
import { alert, cluster, CONTAINER_ID, container, engine, running } from "../fixtures.ts";

export type Answers = Parameters<typeof cluster>[0];

/** A pod of a ReplicaSet, as an alert of falco-talon's users finds it. */
export const POD = () => {
  const known = running(container("app", { containerID: CONTAINER_ID }));
  return {
    ...known,
    metadata: {
      ...known.metadata,
      labels: { app: "web" },
      ownerReferences: [
        { kind: "ReplicaSet", name: "web-7c9d", apiVersion: "apps/v1", uid: "owner", controller: true },
      ],
    },
  };
};
const NODE = () => ({ metadata: { uid: "node-uid", labels: { "kubernetes.io/hostname": "node-1.example.com" } } });
const FILES: Record<string, string> = { "scripts/look.sh": "ps\n" };

export const byAudit = alert(
  { "ka.target.resource": "configmaps", "ka.target.name": "exfil", "ka.target.namespace": "shop" },
  { source: "k8s_audit" },
);

/** An object that an audit alert names, older than the alert. */
export const OLD = (uid: string) => ({ metadata: { uid, creationTimestamp: "2026-11-23T16:00:00Z" } });

/** What a pod's calls of the API have in common. */
export const READ = { verb: "get", name: "alpine" };
/** The look at who has the pod's name, after what the API does by that name alone. */
export const LOOK = { verb: "get metadata", name: "alpine" };

export function load(yaml: string) {
  const readFile = (path: string) => FILES[path] ?? assert.fail(path);
  return loadRules([{ name: "rules.yaml", text: yaml }], { readFile });
}

export async function answer(yaml: string, answers: Answers = {}, about: Alert = alert()) {
  const on = cluster({ pod: POD, node: NODE, ...answers });
  const deleted: string[] = [];
  const watched: typeof on = {
    ...on,
    delete: (at, options) => {
      deleted.push(pathOf(at));
      return on.delete(at, options);
    },
  };
  const outputs: OutputData[] = [];
  const sink = (event: CloudEvent<unknown>) => {
    outputs.push((event as CloudEvent<OutputData>).data ?? assert.fail());
    return Promise.resolve();
  };
  const told = await respond(about, "key", engine(watched, { rules: load(yaml), sink }));
  return {
    calls: on.calls,
    deleted,
    outputs,
    told,
    outcomes: "steps" in told ? told.steps.map(({ action, outcome }) => `${action}: ${outcome}`) : [],
  };
}

export interface Case {
  what: string;
  /** An action of a rules file. */
  action: string;
  answers?: Answers;
  about?: Alert;
  outcome: string;
  calls: unknown[];
  /** The paths of what was deleted, where they are looked at. */
  deleted?: string[];
}

export const command = (text: string, shell = "/bin/sh") => ({
  verb: "exec",
  name: "app",
  body: {
    namespace: "default",
    pod: "alpine",
    container: "app",
    command: [shell, "-c", text],
    timeout: 20_000,
    limit: 512 * 1024,
  },
});

/** A test per case: what the action came to, and what it asked of the API. */
export function doesWith(cases: readonly Case[]): void {
  for (const { what, action, answers, about, outcome, calls, deleted } of cases) {
    it(what, async () => {
      const file = `- action: Act\n  description: what it does${action}- rule: Answer\n  actions:\n    - action: Act\n`;
      const { calls: made, outcomes, deleted: gone } = await answer(file, answers, about);
      assert.deepEqual(outcomes, [`Act: ${outcome}`]);
      assert.deepEqual(made, calls);
      if (deleted) assert.deepEqual(gone, deleted);
    });
  }
}
