import assert from "node:assert/strict";
import type { Operation } from "./command.ts";
import type { StackName } from "./fixtures.ts";
import { differences, type Json } from "./values.ts";

export function namespaceOf(stack: StackName): string {
  return stack === "prod" ? "response-engine" : "default";
}

/** That an `up` came to what every stack of this project has. @param labels "Kind namespace/name" of what the API holds */
export function assertUp({ outputs }: Operation, labels: Iterable<string>, namespace: string): void {
  assert.equal(outputs["brokerUrl"], `http://broker-ingress.knative-eventing.svc.cluster.local/${namespace}/default`);
  assert.equal(outputs["responderUrl"], `http://responder.${namespace}.svc.cluster.local`);
  const all = new Set(labels);
  for (const [kind, name] of [
    ["Broker", "default"],
    ["KService", "responder"],
    ["KService", "responder-dead-letter"],
    ["Trigger", "alerts"],
    ["Trigger", "responses"],
  ] as const) {
    const label = `${kind} ${namespace}/${name}`;
    assert.ok(all.has(label), `${label} is not among ${[...all].join(", ")}`);
  }
}

/** That nothing but what other rules need was touched: ConfigMap, Revision, role and the alert Trigger's filter. */
export function assertOtherRules(
  { steps }: Operation,
  before: ReadonlyMap<string, Json>,
  after: ReadonlyMap<string, Json>,
  namespace: string,
): void {
  const hashless = (label: string): string => label.replace(/-[0-9a-f]{10}$/, "-HASH");
  const changed = [...after].flatMap(([label, object]) => {
    const paths = before.has(label) ? differences(before.get(label), object) : ["(new)"];
    return paths.map((path) => `${hashless(label)}: ${path}`);
  });
  assert.deepEqual(changed.sort(), [
    "ClusterRole responder: rules",
    `ConfigMap ${namespace}/responder-rules-HASH: (new)`,
    `KService ${namespace}/responder: spec.template.spec.volumes`,
    `Trigger ${namespace}/alerts: spec.filters`,
  ]);
  const gone = [...before.keys()].filter((label) => !after.has(label)).map(hashless);
  assert.deepEqual(gone, [`ConfigMap ${namespace}/responder-rules-HASH`]);
  assert.deepEqual([...new Set(steps.map((step) => step.split(" ").at(-1)))].sort(), [
    "alerts-trigger",
    "responder-role",
    "responder-rules",
    "responder-service",
  ]);
}
