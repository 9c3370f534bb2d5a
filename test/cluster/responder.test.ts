import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { ALERT_HEADERS, shellAlert } from "../responder/fixtures.ts";
import type { KubernetesObject } from "./api.ts";
import type { ControlPlane } from "./control-plane.ts";
import { eventually } from "./eventually.ts";
import { startResponder, type RunningResponder } from "./responder.ts";
import { controlPlane } from "./shared.ts";

const NAMESPACE = "responding";
const DEFAULT_RULE = "Terminal shell in container";
/** A pod that takes its time to end. kwok deletes by name: without this, it may delete a pod's successor too. */
const SLOW = { "pod-delete.stage.kwok.x-k8s.io/delay": "60s" };

/** Parameters of kubernetes:terminate, by the Falco rule that is answered with them. */
const PARAMETERS = {
  Anything: {},
  "At least 3": { min_healthy_replicas: 3 },
  "At least 2": { min_healthy_replicas: 2 },
  "At least 80%": { min_healthy_replicas: "80%" },
  "At least 75%": { min_healthy_replicas: "75%" },
  "No DaemonSet": { ignore_daemonsets: true },
  "No StatefulSet": { ignore_statefulsets: true },
  "No standalone pod": { ignore_standalone_pods: true },
  "In 7 seconds": { grace_period_seconds: 7 },
  "Only dry": {},
};
type FalcoRule = keyof typeof PARAMETERS | typeof DEFAULT_RULE;

const RULES = Object.entries(PARAMETERS).map(([rule, parameters]) => ({
  rule,
  match: { rules: [rule] },
  actions: [{ action: rule, actionner: "kubernetes:terminate", parameters }],
  ...(rule === "Only dry" && { dry_run: "true" }),
}));

interface Pod extends KubernetesObject {
  metadata: { name: string; namespace: string; uid: string; ownerReferences?: { uid: string }[]; deletionGracePeriodSeconds?: number; deletionTimestamp?: string };
  status: { phase?: string; conditions?: { type: string; status: string }[]; containerStatuses?: { containerID?: string }[] };
}

interface Workload extends KubernetesObject {
  metadata: { uid: string };
  status?: { readyReplicas?: number; numberReady?: number };
}

describe("the responder, with the program's ServiceAccount and role, against a real API", () => {
  let cluster: ControlPlane;
  let responder: RunningResponder;

  before(async function () {
    cluster = await controlPlane(this);
    await cluster.api.demand("POST", "/api/v1/namespaces", { body: { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } } });
    for (const namespace of [NAMESPACE, "kube-system"]) {
      await eventually(`pods can be created in ${namespace}`, async () => (await cluster.api.request("GET", `/api/v1/namespaces/${namespace}/serviceaccounts/default`)).status === 200);
    }
    responder = await startResponder(cluster, JSON.stringify(RULES));
  });

  after(async () => {
    await responder.stop();
  });

  describe("terminates the pod that raised the alert and no other", () => {
    it("by the UID that the alert carries", async () => {
      const [pod, neighbour] = [await createPod("by-uid"), await createPod("by-uid-neighbour")];
      assert.deepEqual(await deliver(DEFAULT_RULE, { ...nameOf(pod), "k8s.pod.uid": pod.metadata.uid }), { status: 200, outcome: "terminated" });
      assert.deepEqual([await isThere(pod), await isThere(neighbour)], [false, true]);
    });

    it("by the container's id where it carries none", async () => {
      const [pod, neighbour] = [await createPod("by-container"), await createPod("by-container-neighbour")];
      assert.deepEqual(await deliver(DEFAULT_RULE, { ...nameOf(pod), "container.id": containerOf(pod) }), { status: 200, outcome: "terminated" });
      assert.deepEqual([await isThere(pod), await isThere(neighbour)], [false, true]);
    });

    it("and none that has been re-created under its name, by UID", async () => {
      const first = await createPod("again-by-uid", { annotations: SLOW });
      const second = await createAgain(first);
      assert.deepEqual(await deliver(DEFAULT_RULE, { ...nameOf(first), "k8s.pod.uid": first.metadata.uid }), { status: 200, outcome: "replaced" });
      assert.equal(await isThere(second), true);
    });

    it("and none that has been re-created under its name, by the container's id", async () => {
      const first = await createPod("again-by-container", { annotations: SLOW });
      const second = await createAgain(first);
      assert.deepEqual(await deliver(DEFAULT_RULE, { ...nameOf(first), "container.id": containerOf(first) }), { status: 200, outcome: "replaced" });
      assert.equal(await isThere(second), true);
    });

    it("and none where the alert doesn't say which it was", async () => {
      const pod = await createPod("unknown");
      assert.deepEqual(await deliver(DEFAULT_RULE, nameOf(pod)), { status: 200, outcome: "failed" });
      assert.equal(await isThere(pod), true);
    });

    it("and none that is gone already, whatever the alert names it by", async () => {
      const pod = await createPod("gone");
      await cluster.api.demand("DELETE", pathOf(pod));
      await eventually("it is gone", async () => !(await isThere(pod)));
      for (const by of [{ "k8s.pod.uid": pod.metadata.uid }, { "container.id": containerOf(pod) }]) {
        assert.deepEqual(await deliver(DEFAULT_RULE, { ...nameOf(pod), ...by }), { status: 200, outcome: "gone" });
      }
    });

    it("once, however often the alert is delivered", async () => {
      const pod = await createPod("often");
      const uuid = randomUUID();
      const answers = await Promise.all([1, 2, 3].map(() => deliver(DEFAULT_RULE, { ...nameOf(pod), "k8s.pod.uid": pod.metadata.uid }, uuid)));
      assert.deepEqual(answers, Array(3).fill({ status: 200, outcome: "terminated" }));
      assert.deepEqual(responder.log.filter((line) => line["uuid"] === uuid).map((line) => line["outcome"]).sort(), ["duplicate", "duplicate", "terminated"]);
    });
  });

  it("leaves pods of a protected namespace alone, whatever the rule says", async () => {
    const pod = await createPod("protected", { namespace: "kube-system" });
    assert.deepEqual(await alarm("Anything", pod), "ignored");
    assert.equal(await isThere(pod), true);
  });

  it("leaves the pod alone on a dry run", async () => {
    const pod = await createPod("dry");
    assert.equal(await alarm("Only dry", pod), "dry-run");
    assert.equal(await isThere(pod), true);
  });

  it("gives the pod's processes the time that the rule says, and not twice", async () => {
    const pod = await createPod("slow", { annotations: SLOW });
    const ends = async (): Promise<unknown[]> => {
      const { metadata } = await cluster.api.demand<Pod>("GET", pathOf(pod));
      return [metadata.uid, metadata.deletionGracePeriodSeconds, metadata.deletionTimestamp];
    };
    assert.equal(await alarm("In 7 seconds", pod), "terminated");
    const first = await ends();
    assert.deepEqual(first.slice(0, 2), [pod.metadata.uid, 7]);
    assert.equal(await alarm("In 7 seconds", pod), "terminated");
    assert.deepEqual(await ends(), first);
    // a rule that kills at once still can
    assert.equal(await alarm(DEFAULT_RULE, pod), "terminated");
    assert.equal(await isThere(pod), false);
  });

  for (const kind of ["ReplicaSet", "StatefulSet"] as const) {
    describe(`given min_healthy_replicas and a ${kind}`, () => {
      it("leaves a pod alone where fewer are ready, by number", async () => {
        const [pod] = await createWorkload(kind, `${kind}-few`, 2);
        assert.equal(await alarm("At least 3", pod), "ignored");
        assert.equal(await isThere(pod), true);
      });

      it("terminates one where as many are ready, by number", async () => {
        const [pod] = await createWorkload(kind, `${kind}-enough`, 2);
        assert.equal(await alarm("At least 2", pod), "terminated");
        assert.equal(await isThere(pod), false);
      });

      it("counts those that are ready against those that are wanted, in percent", async () => {
        const name = `${kind}-percent`;
        const [pod, sick] = await createWorkload(kind, name, 4);
        assert.ok(sick);
        await makeUnready(sick);
        await readyReplicas(kind, name, 3);
        assert.equal(await alarm("At least 80%", pod), "ignored");
        assert.equal(await isThere(pod), true);
        assert.equal(await alarm("At least 75%", pod), "terminated");
        assert.equal(await isThere(pod), false);
      });
    });
  }

  it("counts no replicas of a pod that has no controller", async () => {
    const pod = await createPod("no-controller");
    assert.equal(await alarm("At least 3", pod), "terminated");
  });

  for (const [rule, kind] of [["No DaemonSet", "DaemonSet"], ["No StatefulSet", "StatefulSet"]] as const) {
    it(`leaves pods of a ${kind} alone where the rule says so, and only there`, async () => {
      const [pod] = await createWorkload(kind, `${kind}-ignored`, 1);
      assert.equal(await alarm(rule, pod), "ignored");
      assert.equal(await isThere(pod), true);
      assert.equal(await alarm("Anything", pod), "terminated");
      assert.equal(await isThere(pod), false);
      const [other] = await createWorkload("ReplicaSet", `not-a-${kind}`, 1);
      assert.equal(await alarm(rule, other), "terminated");
    });
  }

  it("leaves pods alone that no controller would replace where the rule says so, and only those", async () => {
    const pod = await createPod("standalone");
    assert.equal(await alarm("No standalone pod", pod), "ignored");
    assert.equal(await isThere(pod), true);
    const [owned] = await createWorkload("ReplicaSet", "owned", 1);
    assert.equal(await alarm("No standalone pod", owned), "terminated");
    assert.equal(await isThere(owned), false);
  });

  it("sees a clean replica take the place of what it has terminated", async () => {
    const [pod] = await createWorkload("ReplicaSet", "replaced", 1);
    assert.equal(await alarm(DEFAULT_RULE, pod), "terminated");
    const [successor] = await podsOf("ReplicaSet", "replaced", 1);
    assert.notEqual(successor.metadata.uid, pod.metadata.uid);
    // the alert comes once more, from a sender that knows no better
    assert.notEqual(await alarm(DEFAULT_RULE, pod), "terminated");
    assert.equal(await isThere(successor), true);
  });

  /** Delivers an alert; gives the responder's answer. */
  async function deliver(rule: FalcoRule, fields: Record<string, string>, uuid: string = randomUUID()): Promise<{ status: number; outcome: string | null }> {
    const unsaid = { "k8s.pod.uid": null, "container.id": null };
    const response = await fetch(responder.service.url, {
      method: "POST",
      headers: { ...ALERT_HEADERS, "ce-id": randomUUID() },
      body: JSON.stringify(shellAlert({ ...unsaid, ...fields }, { rule, uuid })),
    });
    await response.arrayBuffer();
    return { status: response.status, outcome: response.headers.get("ce-outcome") };
  }

  /** Delivers an alert with the pod's UID; gives the outcome. */
  async function alarm(rule: FalcoRule, pod: Pod): Promise<string | null> {
    return (await deliver(rule, { ...nameOf(pod), "k8s.pod.uid": pod.metadata.uid })).outcome;
  }

  /** A running pod. */
  async function createPod(name: string, { namespace = NAMESPACE, annotations = {} } = {}): Promise<Pod> {
    const body = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, annotations },
      spec: { nodeName: cluster.nodes[0], containers: [{ name: "main", image: "alpine:3" }] },
    };
    await cluster.api.demand("POST", `/api/v1/namespaces/${namespace}/pods`, { body });
    return eventually(`${name} runs`, async () => {
      const pod = await cluster.api.demand<Pod>("GET", `/api/v1/namespaces/${namespace}/pods/${name}`);
      return pod.status.phase === "Running" && pod;
    });
  }

  async function createAgain(pod: Pod): Promise<Pod> {
    await cluster.api.demand("DELETE", pathOf(pod), { body: { gracePeriodSeconds: 0 } });
    const successor = await createPod(pod.metadata.name);
    assert.notEqual(successor.metadata.uid, pod.metadata.uid);
    return successor;
  }

  /** A workload all of whose pods are ready, and known to be; gives its pods. */
  async function createWorkload(kind: "ReplicaSet" | "StatefulSet" | "DaemonSet", title: string, replicas: number): Promise<[Pod, ...Pod[]]> {
    const name = title.toLowerCase();
    const app = { app: name };
    const template = { metadata: { labels: app }, spec: { containers: [{ name: "main", image: "alpine:3" }] } };
    const spec = {
      selector: { matchLabels: app },
      template,
      ...(kind !== "DaemonSet" && { replicas }),
      ...(kind === "StatefulSet" && { serviceName: name, podManagementPolicy: "Parallel" }),
    };
    await cluster.api.demand("POST", workloads(kind), { body: { apiVersion: "apps/v1", kind, metadata: { name }, spec } });
    if (kind !== "DaemonSet") await readyReplicas(kind, title, replicas);
    return podsOf(kind, title, replicas);
  }

  async function podsOf(kind: string, title: string, least: number): Promise<[Pod, ...Pod[]]> {
    return eventually(`${kind} ${title} has its pods running`, async () => {
      const { items } = await cluster.api.demand<{ items: Pod[] }>("GET", `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app%3D${title.toLowerCase()}`);
      const running = items.filter(({ status, metadata }) => status.phase === "Running" && metadata.deletionTimestamp === undefined);
      const [first, ...others] = running;
      return first && running.length >= least ? [first, ...others] : undefined;
    });
  }

  async function readyReplicas(kind: "ReplicaSet" | "StatefulSet", title: string, count: number): Promise<void> {
    await eventually(`${kind} ${title} has ${count} replicas ready`, async () => {
      const { status } = await cluster.api.demand<Workload>("GET", `${workloads(kind)}/${title.toLowerCase()}`);
      return status?.readyReplicas === count;
    });
  }

  async function makeUnready(pod: Pod): Promise<void> {
    const conditions = pod.status.conditions?.map((condition) => (condition.type === "Ready" ? { ...condition, status: "False" } : condition));
    await cluster.api.demand("PATCH", `${pathOf(pod)}/status`, { body: { status: { conditions } }, contentType: "application/merge-patch+json" });
  }

  /** Whether that very pod is there, not another of its name. */
  async function isThere(pod: Pod): Promise<boolean> {
    const { status, body } = await cluster.api.request<Pod>("GET", pathOf(pod));
    return status === 200 && body.metadata.uid === pod.metadata.uid;
  }
});

function pathOf({ metadata: { namespace, name } }: Pod): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}

function workloads(kind: string): string {
  return `/apis/apps/v1/namespaces/${NAMESPACE}/${kind.toLowerCase()}s`;
}

/** What an alert always says of a pod. */
function nameOf({ metadata: { namespace, name } }: Pod): Record<string, string> {
  return { "k8s.ns.name": namespace, "k8s.pod.name": name };
}

/** As Falco gives it: the first 12 characters. */
function containerOf({ status }: Pod): string {
  const id = status.containerStatuses?.[0]?.containerID;
  assert.ok(id);
  return id.slice(id.indexOf("://") + 3).slice(0, 12);
}
