import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { containerOf, loggedOf, nameOf } from "./deliver.ts";
import { eventually } from "../support/eventually.ts";
import { withResponder } from "./with-responder.ts";
import { pathOf, SLOW, Workloads, type Pod } from "./workloads.ts";

const NAMESPACE = "responding";
const DEFAULT_RULE = "Terminal shell in container";

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

describe("the responder, with the program's ServiceAccount and role, against a real API", () => {
  const stage = withResponder({
    namespace: NAMESPACE,
    rules: JSON.stringify(RULES),
    responder: { defaultRules: true },
  });
  let kubeSystem: Workloads;

  before(async () => {
    kubeSystem = new Workloads(stage.cluster, "kube-system");
    await kubeSystem.createNamespace();
  });

  describe("terminates the pod that raised the alert and no other", () => {
    it("by the UID that the alert carries", async () => {
      const [pod, neighbour] = [await stage.pods.createPod("by-uid"), await stage.pods.createPod("by-uid-neighbour")];
      assert.deepEqual(await deliver(DEFAULT_RULE, { ...nameOf(pod), "k8s.pod.uid": pod.metadata.uid }), {
        status: 200,
        outcome: "terminated",
      });
      assert.deepEqual([await stage.pods.isThere(pod), await stage.pods.isThere(neighbour)], [false, true]);
    });

    it("by the container's id where it carries none", async () => {
      const [pod, neighbour] = [
        await stage.pods.createPod("by-container"),
        await stage.pods.createPod("by-container-neighbour"),
      ];
      assert.deepEqual(await deliver(DEFAULT_RULE, { ...nameOf(pod), "container.id": containerOf(pod) }), {
        status: 200,
        outcome: "terminated",
      });
      assert.deepEqual([await stage.pods.isThere(pod), await stage.pods.isThere(neighbour)], [false, true]);
    });

    it("and none that has been re-created under its name, by UID", async () => {
      const first = await stage.pods.createPod("again-by-uid", { annotations: SLOW });
      const second = await stage.pods.createAgain(first);
      assert.deepEqual(await deliver(DEFAULT_RULE, { ...nameOf(first), "k8s.pod.uid": first.metadata.uid }), {
        status: 200,
        outcome: "replaced",
      });
      assert.equal(await stage.pods.isThere(second), true);
    });

    it("and none that has been re-created under its name, by the container's id", async () => {
      const first = await stage.pods.createPod("again-by-container", { annotations: SLOW });
      const second = await stage.pods.createAgain(first);
      assert.deepEqual(await deliver(DEFAULT_RULE, { ...nameOf(first), "container.id": containerOf(first) }), {
        status: 200,
        outcome: "replaced",
      });
      assert.equal(await stage.pods.isThere(second), true);
    });

    it("and none where the alert doesn't say which it was", async () => {
      const pod = await stage.pods.createPod("unknown");
      const { status, outcome } = await stage.deliver(DEFAULT_RULE, nameOf(pod), { time: undefined });
      assert.deepEqual([status, outcome], [200, "failed"]);
      assert.equal(await stage.pods.isThere(pod), true);
    });

    it("by having had its name when the alert was raised, where the alert says no more", async () => {
      const pod = await stage.pods.createPod("by-age");
      const time = new Date(Date.now() - 10_000).toISOString();
      const { outcome } = await stage.deliver(DEFAULT_RULE, nameOf(pod), { time });
      assert.deepEqual([outcome, await stage.pods.isThere(pod)], ["replaced", true], "it is younger than the alert");
      assert.deepEqual(await deliver(DEFAULT_RULE, nameOf(pod)), { status: 200, outcome: "terminated" });
      assert.equal(await stage.pods.isThere(pod), false);
    });

    it("and none that is gone already, whatever the alert names it by", async () => {
      const pod = await stage.pods.createPod("gone");
      await stage.cluster.api.demand("DELETE", pathOf(pod));
      await eventually("it is gone", async () => !(await stage.pods.isThere(pod)));
      for (const by of [{ "k8s.pod.uid": pod.metadata.uid }, { "container.id": containerOf(pod) }]) {
        assert.deepEqual(await deliver(DEFAULT_RULE, { ...nameOf(pod), ...by }), { status: 200, outcome: "gone" });
      }
    });

    it("once, however often the alert is delivered", async () => {
      const pod = await stage.pods.createPod("often");
      const uuid = randomUUID();
      const answers = await Promise.all(
        [1, 2, 3].map(() => deliver(DEFAULT_RULE, { ...nameOf(pod), "k8s.pod.uid": pod.metadata.uid }, uuid)),
      );
      assert.deepEqual(answers, Array(3).fill({ status: 200, outcome: "terminated" }));
      const logged = await loggedOf(stage.responder, uuid, 3);
      assert.deepEqual(logged.map((line) => line["outcome"]).sort(), ["duplicate", "duplicate", "terminated"]);
    });
  });

  it("leaves pods of a protected namespace alone, whatever the rule says", async () => {
    const pod = await kubeSystem.createPod("protected");
    assert.deepEqual(await alarm("Anything", pod), "ignored");
    assert.equal(await stage.pods.isThere(pod), true);
  });

  it("leaves the pod alone on a dry run", async () => {
    const pod = await stage.pods.createPod("dry");
    assert.equal(await alarm("Only dry", pod), "dry-run");
    assert.equal(await stage.pods.isThere(pod), true);
  });

  it("gives the pod's processes the time that the rule says, and not twice", async () => {
    const pod = await stage.pods.createPod("slow", { annotations: SLOW });
    const ends = async (): Promise<unknown[]> => {
      const { metadata } = await stage.cluster.api.demand<Pod>("GET", pathOf(pod));
      return [metadata.uid, metadata.deletionGracePeriodSeconds, metadata.deletionTimestamp];
    };
    assert.equal(await alarm("In 7 seconds", pod), "terminated");
    const first = await ends();
    assert.deepEqual(first.slice(0, 2), [pod.metadata.uid, 7]);
    assert.equal(await alarm("In 7 seconds", pod), "terminated");
    assert.deepEqual(await ends(), first);
    // a rule that kills at once still can
    assert.equal(await alarm(DEFAULT_RULE, pod), "terminated");
    assert.equal(await stage.pods.isThere(pod), false);
  });

  for (const kind of ["ReplicaSet", "StatefulSet"] as const) {
    describe(`given min_healthy_replicas and a ${kind}`, () => {
      it("leaves a pod alone where fewer are ready, by number", async () => {
        const [pod] = await stage.pods.createWorkload(kind, `${kind}-few`, 2);
        assert.equal(await alarm("At least 3", pod), "ignored");
        assert.equal(await stage.pods.isThere(pod), true);
      });

      it("terminates one where as many are ready, by number", async () => {
        const [pod] = await stage.pods.createWorkload(kind, `${kind}-enough`, 2);
        assert.equal(await alarm("At least 2", pod), "terminated");
        assert.equal(await stage.pods.isThere(pod), false);
      });

      it("counts those that are ready against those that are wanted, in percent", async () => {
        const name = `${kind}-percent`;
        const [pod, sick] = await stage.pods.createWorkload(kind, name, 4);
        assert.ok(sick);
        await stage.pods.makeUnready(sick);
        await stage.pods.readyReplicas(kind, name, 3);
        assert.equal(await alarm("At least 80%", pod), "ignored");
        assert.equal(await stage.pods.isThere(pod), true);
        assert.equal(await alarm("At least 75%", pod), "terminated");
        assert.equal(await stage.pods.isThere(pod), false);
      });
    });
  }

  it("counts no replicas of a pod that has no controller", async () => {
    const pod = await stage.pods.createPod("no-controller");
    assert.equal(await alarm("At least 3", pod), "terminated");
  });

  for (const [rule, kind] of [
    ["No DaemonSet", "DaemonSet"],
    ["No StatefulSet", "StatefulSet"],
  ] as const) {
    it(`leaves pods of a ${kind} alone where the rule says so, and only there`, async () => {
      const [pod] = await stage.pods.createWorkload(kind, `${kind}-ignored`, 1);
      assert.equal(await alarm(rule, pod), "ignored");
      assert.equal(await stage.pods.isThere(pod), true);
      assert.equal(await alarm("Anything", pod), "terminated");
      assert.equal(await stage.pods.isThere(pod), false);
      const [other] = await stage.pods.createWorkload("ReplicaSet", `not-a-${kind}`, 1);
      assert.equal(await alarm(rule, other), "terminated");
    });
  }

  it("leaves pods alone that no controller would replace where the rule says so, and only those", async () => {
    const pod = await stage.pods.createPod("standalone");
    assert.equal(await alarm("No standalone pod", pod), "ignored");
    assert.equal(await stage.pods.isThere(pod), true);
    const [owned] = await stage.pods.createWorkload("ReplicaSet", "owned", 1);
    assert.equal(await alarm("No standalone pod", owned), "terminated");
    assert.equal(await stage.pods.isThere(owned), false);
  });

  it("sees a clean replica take the place of what it has terminated", async () => {
    const [pod] = await stage.pods.createWorkload("ReplicaSet", "replaced", 1);
    assert.equal(await alarm(DEFAULT_RULE, pod), "terminated");
    const [successor] = await stage.pods.podsOf("replaced", 1);
    assert.notEqual(successor.metadata.uid, pod.metadata.uid);
    // the alert comes once more, from a sender that knows no better
    assert.notEqual(await alarm(DEFAULT_RULE, pod), "terminated");
    assert.equal(await stage.pods.isThere(successor), true);
  });

  /** Delivers an alert; gives the responder's answer. */
  async function deliver(
    rule: FalcoRule,
    fields: Record<string, string>,
    uuid: string = randomUUID(),
  ): Promise<{ status: number; outcome: string | null }> {
    const { status, outcome } = await stage.deliver(rule, fields, { uuid });
    return { status, outcome };
  }

  /** Delivers an alert with the pod's UID; gives the outcome. */
  async function alarm(rule: FalcoRule, pod: Pod): Promise<string | null> {
    return (await stage.alarm(rule, pod)).outcome;
  }
});
