import assert from "node:assert/strict";

import type { KubernetesObject } from "../../support/api.ts";
import { containerOf, nameOf } from "../deliver.ts";
import { eventually } from "../../support/eventually.ts";
import { isRunning, pathOf, SLOW, uidsOf, type Pod, type WorkloadKind } from "../workloads.ts";
import { withResponder } from "../with-responder.ts";
import { rulesFile } from "./rules.ts";

const RULES = rulesFile("kubernetes:quarantine", { Quarantine: {}, "Quarantine again": {} });
const LABEL = "response-engine.io/quarantine";

describe("kubernetes:quarantine, against a real API", () => {
  const stage = withResponder({ namespace: "quarantine", guarded: true, rules: RULES });

  for (const kind of ["Deployment", "ReplicaSet", "DaemonSet"] as const) {
    it(`takes the pod out of its ${kind} and its Service, where a clean one takes its place, and keeps it running`, async () => {
      const title = `${kind}-served`;
      const [pod, ...siblings] = await createServed(kind, title);
      const count = siblings.length + 1;

      assert.equal((await stage.alarm("Quarantine", pod)).outcome, "done");

      const clean = await eventually("a clean one takes its place", async () => {
        const running = (await stage.pods.selected({ app: title.toLowerCase() })).filter(isRunning);
        return running.length === count && running;
      });
      assert.equal(uidsOf(clean).includes(pod.metadata.uid), false);
      for (const sibling of siblings) assert.equal(uidsOf(clean).includes(sibling.metadata.uid), true);
      if (kind !== "DaemonSet") await stage.pods.readyReplicas(kind, title, count);
      await eventually(
        "the Service has the clean ones alone",
        async () => (await endpointsOf(title)).join() === uidsOf(clean).join(),
      );

      const held = await eventually("the controller lets go of it", async () => {
        const now = await stage.pods.read(pod);
        return now.metadata.ownerReferences === undefined && now;
      });
      assert.equal(held.metadata.uid, pod.metadata.uid);
      assert.equal(isRunning(held), true);
      assert.deepEqual([held.spec, held.status], [pod.spec, pod.status]);
    });
  }

  it("closes it off with a policy of its own, and keeps its labels in an annotation", async () => {
    const labels = { app: "closed-off", "example.com/tier": "front" };
    const [pod, neighbour] = [
      await stage.pods.createPod("closed-off", { labels, annotations: { kept: "as it is" } }),
      await stage.pods.createPod("neighbour", { labels }),
    ];
    assert.equal((await stage.alarm("Quarantine", pod)).outcome, "done");

    const { metadata } = await stage.pods.read(pod);
    assert.deepEqual(metadata.labels, { [LABEL]: pod.metadata.uid });
    const { "response-engine.io/labels-before-quarantine": before = "", ...annotations } = metadata.annotations ?? {};
    assert.deepEqual(JSON.parse(before), labels);
    assert.deepEqual(annotations, { kept: "as it is", "response-engine.io/quarantined-for": "Quarantine" });

    const policy = await policyOf(pod);
    assert.ok(policy);
    assert.deepEqual(policy.metadata?.labels, { "app.kubernetes.io/managed-by": "response-engine" });
    // neither a way in nor one out
    assert.deepEqual(policy["spec"], {
      podSelector: { matchLabels: { [LABEL]: pod.metadata.uid } },
      policyTypes: ["Ingress", "Egress"],
    });
    assert.deepEqual(uidsOf(await stage.pods.selected({ [LABEL]: pod.metadata.uid })), [pod.metadata.uid]);
    assert.deepEqual(await stage.pods.read(neighbour), neighbour);
    assert.equal(await policyOf(neighbour), undefined);
  });

  it("does it once, however often it is told to", async () => {
    const pod = await stage.pods.createPod("often", { labels: { app: "often" } });
    assert.equal((await stage.alarm("Quarantine", pod)).outcome, "done");
    const [held, policy] = [await stage.pods.read(pod), await policyOf(pod)];
    const { status, outcome, said } = await stage.alarm("Quarantine again", pod);
    assert.deepEqual({ status, outcome }, { status: 200, outcome: "done" });
    assert.match(said, /pod quarantine\/often is in quarantine already/);
    assert.deepEqual([await stage.pods.read(pod), await policyOf(pod)], [held, policy]);
  });

  it("ends what a first try has begun", async () => {
    const pod = await stage.pods.createPod("half", { labels: { app: "half" } });
    const policy = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: `quarantine-${pod.metadata.uid}` },
      spec: { podSelector: { matchLabels: { [LABEL]: pod.metadata.uid } }, policyTypes: ["Ingress", "Egress"] },
    };
    await stage.cluster.api.demand("POST", policiesPath(), { body: policy });
    assert.equal((await stage.alarm("Quarantine", pod)).outcome, "done");
    assert.deepEqual((await stage.pods.read(pod)).metadata.labels, { [LABEL]: pod.metadata.uid });
  });

  it("quarantines a pod without labels too, by the container's id where the alert carries no UID", async () => {
    const pod = await stage.pods.createPod("no-labels");
    assert.equal(
      (await stage.deliver("Quarantine", { ...nameOf(pod), "container.id": containerOf(pod) })).outcome,
      "done",
    );
    assert.deepEqual((await stage.pods.read(pod)).metadata.labels, { [LABEL]: pod.metadata.uid });
    assert.notEqual(await policyOf(pod), undefined);
  });

  it("leaves a pod alone that has been re-created under the name", async () => {
    const labels = { app: "again" };
    const old = await stage.pods.createPod("again", { labels, annotations: SLOW });
    const successor = await stage.pods.createAgain(old, { labels });
    for (const by of [{ "k8s.pod.uid": old.metadata.uid }, { "container.id": containerOf(old) }]) {
      assert.equal((await stage.deliver("Quarantine", { ...nameOf(old), ...by })).outcome, "replaced");
    }
    assert.deepEqual(await stage.pods.read(successor), successor);
    assert.deepEqual([await policyOf(old), await policyOf(successor)], [undefined, undefined]);
  });

  it("says that a pod is gone", async () => {
    const pod = await stage.pods.createPod("gone", { labels: { app: "gone" } });
    await stage.cluster.api.demand("DELETE", pathOf(pod));
    await stage.pods.untilGone(pod);
    assert.equal((await stage.alarm("Quarantine", pod)).outcome, "gone");
    assert.equal(await policyOf(pod), undefined);
  });

  it("leaves a pod of a protected namespace alone", async () => {
    const pod = await stage.protectedPods.createPod("protected", { labels: { app: "protected" } });
    assert.equal((await stage.alarm("Quarantine", pod)).outcome, "ignored");
    assert.deepEqual(await stage.protectedPods.read(pod), pod);
    assert.equal(await policyOf(pod), undefined);
  });

  /** A workload behind a Service that has all of its pods. */
  async function createServed(kind: WorkloadKind, title: string): Promise<[Pod, ...Pod[]]> {
    const name = title.toLowerCase();
    const spec = { selector: { app: name }, ports: [{ port: 80 }] };
    await stage.cluster.api.demand("POST", `/api/v1/namespaces/${stage.pods.namespace}/services`, {
      body: { apiVersion: "v1", kind: "Service", metadata: { name }, spec },
    });
    const node = kind === "DaemonSet" ? stage.cluster.nodes[0] : undefined;
    const all = await stage.pods.createWorkload(kind, title, kind === "DaemonSet" ? 1 : 2, { node });
    await eventually("the Service has the pods", async () => (await endpointsOf(title)).join() === uidsOf(all).join());
    return all;
  }

  /** UIDs of the pods that get the Service's traffic. */
  async function endpointsOf(title: string): Promise<string[]> {
    interface Slice {
      endpoints: { targetRef?: { uid: string } }[] | null;
    }
    const selector = encodeURIComponent(`kubernetes.io/service-name=${title.toLowerCase()}`);
    const { items } = await stage.cluster.api.demand<{ items: Slice[] }>(
      "GET",
      `/apis/discovery.k8s.io/v1/namespaces/${stage.pods.namespace}/endpointslices?labelSelector=${selector}`,
    );
    return items.flatMap(({ endpoints }) => (endpoints ?? []).map(({ targetRef }) => targetRef?.uid ?? "")).sort();
  }

  async function policyOf({ metadata: { namespace, uid } }: Pod): Promise<KubernetesObject | undefined> {
    const { status, body } = await stage.cluster.api.request("GET", `${policiesPath(namespace)}/quarantine-${uid}`);
    return status === 200 ? body : undefined;
  }

  function policiesPath(namespace = stage.pods.namespace): string {
    return `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
  }
});
