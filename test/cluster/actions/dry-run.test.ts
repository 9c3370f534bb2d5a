import assert from "node:assert/strict";

import type { ControlPlane } from "../../support/control-plane.ts";
import { deliver } from "../deliver.ts";
import { createNode, readNode, removeNodes } from "../nodes.ts";
import { startResponder, type RunningResponder } from "../../support/responder.ts";
import { ownRightsOf } from "../../support/rights.ts";
import { controlPlane } from "../shared.ts";
import { Workloads, type Pod } from "../workloads.ts";
import { action, rule } from "./rules.ts";

const ACTIONS = [
  action("kubernetes:label", { labels: { seen: "yes" } }),
  action("kubernetes:label", { labels: { seen: "yes" }, level: "node" }),
  action("kubernetes:annotation", { annotations: { seen: "yes" } }),
  action("kubernetes:networkpolicy"),
  action("kubernetes:quarantine"),
  action("kubernetes:cordon"),
  action("kubernetes:drain"),
  action("kubernetes:delete", {}, { continue: true }),
  action("kubernetes:terminate"),
];

for (const [by, more, config] of [
  ["of a rule", { dry_run: true }, {}],
  ["of the stack", {}, { responderDryRun: true }],
] as const) {
  describe(`a dry run ${by}, against a real API`, () => {
    let cluster: ControlPlane;
    let responder: RunningResponder;
    let pods: Workloads;
    let node: string;

    before(async function () {
      cluster = await controlPlane(this);
      pods = new Workloads(cluster, `dry-run-${by.replaceAll(" ", "-")}`);
      await pods.createNamespace();
      node = await createNode(cluster, pods.namespace);
      responder = await startResponder(cluster, JSON.stringify([rule("Do everything", ACTIONS, more)]), {
        defaultRules: false,
        config,
      });
    });

    after(async () => {
      await responder.stop();
      await removeNodes(cluster, [node]);
    });

    it("may do nothing", async () => {
      assert.deepEqual(await ownRightsOf(cluster, ["default", "responder"], pods.namespace), []);
    });

    it("says what every action would have done, and changes nothing", async () => {
      const pod = await pods.createPod("spared", { labels: { app: "spared" }, node });
      const before = await everything(pod);
      const target = {
        "ka.target.resource": "pods",
        "ka.target.name": pod.metadata.name,
        "ka.target.namespace": pods.namespace,
      };
      const { status, outcome, said } = await deliver(responder, "Do everything", {
        "k8s.ns.name": pods.namespace,
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
      const { metadata, spec } = await readNode(cluster.api, node);
      const policies = await cluster.api.demand<{ items: unknown[] }>(
        "GET",
        `/apis/networking.k8s.io/v1/namespaces/${pods.namespace}/networkpolicies`,
      );
      return [await pods.read(pod), metadata?.labels, metadata?.annotations, spec, policies.items];
    }
  });
}
