import assert from "node:assert/strict";

import type { KubernetesObject } from "../../support/api.ts";
import { containerOf, nameOf } from "../deliver.ts";
import { pathOf, SLOW, uidsOf, type Pod } from "../workloads.ts";
import { withResponder } from "../with-responder.ts";
import { rulesFile } from "./rules.ts";

interface NetworkPolicy extends KubernetesObject {
  metadata: NonNullable<KubernetesObject["metadata"]> & { name: string };
  spec: {
    podSelector: { matchLabels?: Record<string, string> };
    policyTypes: string[];
    egress?: unknown[];
    ingress?: unknown[];
  };
}

const RULES = rulesFile("kubernetes:networkpolicy", {
  "Cut off": {},
  "All but addresses": { allow_cidr: ["192.168.1.0/24", "fd00::/8"] },
  "All but namespaces": { allow_namespaces: ["monitoring", "logging"] },
  "All but some": { allow_cidr: ["10.0.0.0/8"], allow_namespaces: ["monitoring"] },
});

const MONITORING = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } };
const LOGGING = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "logging" } } };

describe("kubernetes:networkpolicy, against a real API", () => {
  const stage = withResponder({ namespace: "network-policies", guarded: true, rules: RULES });

  afterEach(async () => {
    await stage.cluster.api.demand("DELETE", policiesOf(stage.pods.namespace));
  });

  it("makes a policy that lets the pod reach nothing", async () => {
    const pod = await stage.pods.createPod("cut-off", { labels: { app: "cut-off", tier: "front" } });
    assert.equal((await stage.alarm("Cut off", pod)).outcome, "done");
    const [policy, ...others] = await policies();
    assert.ok(policy);
    assert.deepEqual(others, []);
    assert.match(policy.metadata.name, /^response-cut-off-[0-9a-f]{8}$/);
    assert.deepEqual(policy.metadata.labels, { "app.kubernetes.io/managed-by": "response-engine" });
    assert.deepEqual(policy.metadata["ownerReferences"], undefined);
    assert.deepEqual(policy.spec, {
      podSelector: { matchLabels: { app: "cut-off", tier: "front" } },
      policyTypes: ["Egress"],
    });
    assert.deepEqual(await stage.pods.read(pod), pod);
  });

  for (const [rule, to] of Object.entries({
    "All but addresses": [{ ipBlock: { cidr: "192.168.1.0/24" } }, { ipBlock: { cidr: "fd00::/8" } }],
    "All but namespaces": [MONITORING, LOGGING],
    "All but some": [{ ipBlock: { cidr: "10.0.0.0/8" } }, MONITORING],
  })) {
    it(`lets the pod reach what the rule says: ${rule.toLowerCase()}`, async () => {
      const pod = await stage.pods.createPod(rule.toLowerCase().replaceAll(" ", "-"), { labels: { app: "reaching" } });
      assert.equal((await stage.alarm(rule, pod)).outcome, "done");
      assert.deepEqual(
        (await policies()).map(({ spec }) => spec.egress),
        [[{ to }]],
      );
    });
  }

  for (const kind of ["Deployment", "StatefulSet", "DaemonSet"] as const) {
    it(`selects the pods of a ${kind}, those to come too, and of no other workload`, async () => {
      const node = kind === "DaemonSet" ? stage.cluster.nodes[0] : undefined;
      const [pod, ...siblings] = await stage.pods.createWorkload(kind, `${kind}-held`, kind === "DaemonSet" ? 1 : 2, {
        node,
      });
      await stage.pods.createWorkload(kind, `${kind}-free`, 1, { node });
      assert.equal((await stage.alarm("Cut off", pod)).outcome, "done");

      const [policy] = await policies();
      assert.ok(
        policy?.metadata.name.startsWith(`response-${pod.metadata.ownerReferences?.[0]?.name ?? ""}-`),
        policy?.metadata.name,
      );
      assert.deepEqual(uidsOf(await selectedBy(policy)), uidsOf([pod, ...siblings]));

      await stage.cluster.api.demand("DELETE", pathOf(pod));
      await stage.pods.untilGone(pod);
      const after = await stage.pods.podsOf(`${kind}-held`, siblings.length + 1);
      assert.deepEqual(uidsOf(await selectedBy(policy)), uidsOf(after));
    });
  }

  it("run again, keeps one policy, as the last rule says", async () => {
    const pod = await stage.pods.createPod("often", { labels: { app: "often" } });
    const seen: unknown[] = [];
    for (const rule of ["All but some", "All but namespaces", "Cut off", "All but some", "All but some"]) {
      assert.equal((await stage.alarm(rule, pod)).outcome, "done");
      seen.push((await policies()).map(({ spec }) => spec.egress));
    }
    const some = [{ to: [{ ipBlock: { cidr: "10.0.0.0/8" } }, MONITORING] }];
    assert.deepEqual(seen, [[some], [[{ to: [MONITORING, LOGGING] }]], [undefined], [some], [some]]);
  });

  for (const kind of ["ReplicaSet", "StatefulSet"] as const) {
    it(`holds two pods of a ${kind} that raise alerts one after the other, whatever labels one has more`, async () => {
      const [pod, sibling] = await stage.pods.createWorkload(kind, `${kind}-siblings`, 2);
      assert.ok(sibling);
      await stage.cluster.api.demand("PATCH", pathOf(pod), {
        body: { metadata: { labels: { suspicious: "true" } } },
        contentType: "application/merge-patch+json",
      });
      const said = [await stage.alarm("Cut off", pod), await stage.alarm("Cut off", sibling)].map(
        (reply) => reply.said,
      );
      assert.deepEqual(await heldOf([pod, sibling]), uidsOf([pod, sibling]), said.join("\n"));
    });
  }

  it("holds a pod and a workload of the same name", async () => {
    const [[owned], pod] = [
      await stage.pods.createWorkload("ReplicaSet", "namesakes", 1),
      await stage.pods.createPod("namesakes", { labels: { app: "another" } }),
    ];
    const said = [await stage.alarm("Cut off", owned), await stage.alarm("Cut off", pod)].map((reply) => reply.said);
    assert.deepEqual(await heldOf([owned, pod]), uidsOf([owned, pod]), said.join("\n"));
  });

  it("makes no policy for a pod without labels, which would be one for the whole namespace", async () => {
    const pod = await stage.pods.createPod("no-labels");
    const { status, outcome, said } = await stage.alarm("Cut off", pod);
    assert.deepEqual({ status, outcome }, { status: 200, outcome: "failed" });
    assert.match(said, /pod network-policies\/no-labels has no labels/);
    assert.deepEqual(await policies(), []);
  });

  it("makes none for a pod that has been re-created under the name, nor for one that is gone", async () => {
    const old = await stage.pods.createPod("again", { labels: { app: "again" }, annotations: SLOW });
    await stage.pods.createAgain(old, { labels: { app: "again" } });
    const gone = await stage.pods.createPod("gone", { labels: { app: "gone" } });
    await stage.cluster.api.demand("DELETE", pathOf(gone));
    await stage.pods.untilGone(gone);
    for (const [pod, expected] of [
      [old, "replaced"],
      [gone, "gone"],
    ] as const) {
      for (const by of [{ "k8s.pod.uid": pod.metadata.uid }, { "container.id": containerOf(pod) }]) {
        assert.equal((await stage.deliver("Cut off", { ...nameOf(pod), ...by })).outcome, expected);
      }
    }
    assert.deepEqual(await policies(), []);
  });

  it("makes none in a protected namespace", async () => {
    const pod = await stage.protectedPods.createPod("protected", { labels: { app: "protected" } });
    assert.equal((await stage.alarm("Cut off", pod)).outcome, "ignored");
    assert.deepEqual(await policies(stage.protectedPods.namespace), []);
  });

  async function policies(namespace = stage.pods.namespace): Promise<NetworkPolicy[]> {
    return (await stage.cluster.api.demand<{ items: NetworkPolicy[] }>("GET", policiesOf(namespace))).items;
  }

  /** UIDs of those pods that any policy selects. */
  async function heldOf(candidates: readonly Pod[]): Promise<string[]> {
    const held = uidsOf((await Promise.all((await policies()).map(selectedBy))).flat());
    return uidsOf(candidates).filter((uid) => held.includes(uid));
  }

  async function selectedBy(policy: NetworkPolicy | undefined): Promise<Pod[]> {
    return stage.pods.selected(policy?.spec.podSelector.matchLabels ?? {});
  }
});

function policiesOf(namespace: string): string {
  return `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
}
