import assert from "node:assert/strict";

import { readNode } from "../nodes.ts";
import { ownRightsOf } from "../../support/rights.ts";
import { type Pod } from "../workloads.ts";
import { withResponder } from "../with-responder.ts";
import { action, rule } from "./rules.ts";

const ACTIONS = [
  action("kubernetes:label", { labels: { seen: "yes" } }),
  action("kubernetes:label", { labels: { seen: "yes" }, level: "node" }),
  action("kubernetes:annotation", { annotations: { seen: "yes" } }),
  action("kubernetes:networkpolicy"),
  action("kubernetes:quarantine"),
  action("kubernetes:cordon"),
  action("kubernetes:drain"),
  action("kubernetes:delete", { resources: ["pods"] }, { continue: true }),
  action("kubernetes:terminate"),
];

for (const [by, more, config] of [
  ["of a rule", { dry_run: true }, {}],
  ["of the stack", {}, { responderDryRun: true }],
] as const) {
  describe(`a dry run ${by}, against a real API`, () => {
    const namespace = `dry-run-${by.replaceAll(" ", "-")}`;
    const node = namespace;
    const stage = withResponder({
      namespace,
      nodes: [node],
      rules: JSON.stringify([rule("Do everything", ACTIONS, more)]),
      responder: { config },
    });

    it("may do nothing", async () => {
      assert.deepEqual(await ownRightsOf(stage.cluster, ["default", "responder"], stage.pods.namespace), []);
    });

    it("says what every action would have done, and changes nothing", async () => {
      const pod = await stage.pods.createPod("spared", { labels: { app: "spared" }, node });
      const before = await everything(pod);
      const target = {
        "ka.target.resource": "pods",
        "ka.target.name": pod.metadata.name,
        "ka.target.namespace": stage.pods.namespace,
      };
      const { status, outcome, said } = await stage.deliver("Do everything", {
        "k8s.ns.name": stage.pods.namespace,
        "k8s.pod.name": pod.metadata.name,
        "k8s.pod.uid": pod.metadata.uid,
        ...target,
      });
      assert.deepEqual({ status, outcome }, { status: 200, outcome: "dry-run" }, said);
      assert.equal(said.match(/dry run: kubernetes:[a-z]+ would have been run on/g)?.length, ACTIONS.length);
      assert.deepEqual(await everything(pod), before);
    });

    /** All that the actions could have changed. */
    async function everything(pod: Pod): Promise<unknown[]> {
      const { metadata, spec } = await readNode(stage.cluster.api, node);
      const policies = await stage.cluster.api.demand<{ items: unknown[] }>(
        "GET",
        `/apis/networking.k8s.io/v1/namespaces/${stage.pods.namespace}/networkpolicies`,
      );
      return [await stage.pods.read(pod), metadata?.labels, metadata?.annotations, spec, policies.items];
    }
  });
}
