import assert from "node:assert/strict";
import {
  LEFT_ALONE_PARAMETERS,
  whyLeftAlone,
  leftAlonePermissions,
} from "../../../../responder/actions/pods/left-alone.ts";
import { noFiles } from "../../../../responder/actions/parameters.ts";
import { cluster, pod } from "../../fixtures.ts";

const NONE = { ignore_daemonsets: false, ignore_statefulsets: false, min_healthy_replicas: null };
const minimum = (value: unknown) => LEFT_ALONE_PARAMETERS.min_healthy_replicas.parse(value, noFiles) ?? null;
const of = (kind: string, apiVersion = "apps/v1") => {
  const owned = pod({}, { kind, name: "owner" });
  const ownerReferences = owned.metadata?.ownerReferences?.map((one) => ({ ...one, apiVersion }));
  return { ...owned, metadata: { ...owned.metadata, ...(ownerReferences && { ownerReferences }) } };
};

describe("what is left alone", () => {
  it("is nothing that no parameter names", async () => {
    for (const kind of ["DaemonSet", "StatefulSet", "ReplicaSet", "Job"])
      assert.equal(await whyLeftAlone(of(kind), NONE, cluster({})), undefined);
  });

  it("is a pod of a DaemonSet or a StatefulSet, where a parameter says so", async () => {
    const all = { ...NONE, ignore_daemonsets: true, ignore_statefulsets: true };
    assert.equal(await whyLeftAlone(of("DaemonSet"), all, cluster({})), "it belongs to DaemonSet owner");
    assert.equal(await whyLeftAlone(of("StatefulSet"), all, cluster({})), "it belongs to StatefulSet owner");
    assert.equal(await whyLeftAlone(of("ReplicaSet"), all, cluster({})), undefined);
  });

  it("is no pod of something that only calls itself a DaemonSet", async () => {
    for (const apiVersion of ["example.com/v1", "apps/v1beta1"])
      assert.equal(
        await whyLeftAlone(of("DaemonSet", apiVersion), { ...NONE, ignore_daemonsets: true }, cluster({})),
        undefined,
      );
  });

  it("is a pod whose like are too few, as a number or a share of those wanted", async () => {
    const saying = (value: unknown, ready: number, wanted: number) =>
      whyLeftAlone(
        of("ReplicaSet"),
        { ...NONE, min_healthy_replicas: minimum(value) },
        cluster({ replicas: { ready, wanted } }),
      );
    assert.equal(await saying(2, 1, 3), "ReplicaSet owner has 1 of 3 pods ready, min_healthy_replicas is 2");
    assert.equal(await saying("50%", 1, 3), "ReplicaSet owner has 1 of 3 pods ready, min_healthy_replicas is 50%");
    assert.equal(await saying(2, 2, 3), undefined);
    assert.equal(await saying("100%", 0, 0), undefined);
  });

  it("is none by an owner that isn't the one it names", async () => {
    const on = cluster({ object: () => ({ metadata: { uid: "another" }, status: { readyReplicas: 0 } }) });
    assert.equal(await whyLeftAlone(of("ReplicaSet"), { ...NONE, min_healthy_replicas: minimum(2) }, on), undefined);
  });

  it("is found out by what the role allows, where it has to be", () => {
    assert.deepEqual(leftAlonePermissions(NONE), []);
    assert.deepEqual(
      leftAlonePermissions({ ...NONE, min_healthy_replicas: minimum(1) }).map(({ resource }) => resource),
      ["replicasets", "statefulsets"],
    );
  });

  it("is said with no minimum that means nothing", () => {
    assert.deepEqual(
      [minimum(0), minimum("3"), minimum("33%")],
      [
        { value: 0, unit: "pods" },
        { value: 3, unit: "pods" },
        { value: 33, unit: "percent" },
      ],
    );
    for (const value of ["101%", "-1%", "%", "1.5", -1, "many", true]) assert.equal(minimum(value), null);
  });
});
