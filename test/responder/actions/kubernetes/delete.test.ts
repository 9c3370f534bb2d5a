import assert from "node:assert/strict";
import { deleteResource } from "../../../../responder/actions/kubernetes/delete.ts";
import { respond } from "../../../../responder/engine/respond.ts";
import { alert, apiError, cluster, engine, occasion, POD_UID, rules } from "../../fixtures.ts";

const RAISED = "2026-11-23T16:31:56.746609046Z";
const OLDER = "2026-11-23T16:31:56Z";
const YOUNGER = "2026-11-23T16:31:57Z";

const target = (
  resource: string,
  name: string | null,
  namespace: string | null,
  fields: Record<string, unknown> = {},
  time: string | null = RAISED,
) =>
  alert(
    {
      "container.id": null,
      "k8s.ns.name": null,
      "k8s.pod.name": null,
      "k8s.pod.uid": null,
      "ka.target.resource": resource,
      "ka.target.name": name,
      "ka.target.namespace": namespace,
      ...fields,
    },
    { source: "k8s_audit", time },
  );

const there = (metadata: Record<string, unknown> = {}) => ({
  metadata: { name: "x", uid: "x-uid", creationTimestamp: OLDER, ...metadata },
});
const ALL = ["configmaps", "deployments", "roles", "clusterroles", "namespaces", "pods", "services"];

const run = (on: ReturnType<typeof cluster>, of: ReturnType<typeof alert>, resources: readonly string[] = ALL) =>
  deleteResource.prepare({ resources }).run(occasion(on, of));

const verbs = (on: ReturnType<typeof cluster>) => on.calls.map(({ verb }) => verb);

describe("kubernetes:delete", () => {
  const places: [string, string | null, string][] = [
    ["configmaps", "default", "deleted configmaps default/x"],
    ["deployments", "default", "deleted deployments default/x"],
    ["roles", "default", "deleted roles default/x"],
    ["clusterroles", null, "deleted clusterroles x"],
    ["namespaces", null, "deleted namespaces x"],
  ];
  for (const [resource, namespace, message] of places) {
    it(`deletes what the alert names of ${resource}, by the UID that it was found with`, async () => {
      const on = cluster({ object: () => there() });
      assert.deepEqual(await run(on, target(resource, "x", namespace)), { outcome: "done", message });
      assert.deepEqual(on.calls, [
        { verb: "get metadata", name: "x" },
        { verb: "delete object", name: "x", body: { uid: "x-uid" } },
      ]);
    });
  }

  it("deletes nothing beyond the resources it was given, which are all its role has", async () => {
    const on = cluster({ object: () => there() });
    assert.equal((await run(on, target("secrets", "x", "default"), ["configmaps"])).outcome, "failed");
    assert.deepEqual(on.calls, []);
    const { permissions } = deleteResource.prepare({ resources: ["configmaps"] });
    assert.deepEqual(permissions, [{ apiGroup: "", resource: "configmaps", verbs: ["get", "delete"] }]);
  });

  it("takes no rule that doesn't say which resources", () => {
    for (const parameters of [{}, { resources: [] }, { resources: ["events"] }, { resources: ["constructor"] }])
      assert.throws(() => deleteResource.prepare(parameters), /^ParameterError: parameters.resources: /);
  });

  it("finds nothing to do where it is gone, at first or midway", async () => {
    const gone = () => {
      throw apiError(404, "not found");
    };
    assert.equal((await run(cluster({ pod: gone }), target("pods", "x", "default"))).outcome, "gone");
    const midway = cluster({ object: () => there(), remove: gone });
    assert.equal((await run(midway, target("configmaps", "x", "default"))).outcome, "gone");
  });

  it("leaves an object alone that was made after the alert, as one re-created while the alert was delivered again", async () => {
    const on = cluster({ pod: () => there({ creationTimestamp: YOUNGER }) });
    const { outcome, message } = await run(on, target("pods", "x", "default"));
    assert.equal(outcome, "replaced");
    assert.equal(message, "pods default/x was made after the alert and was left alone");
    assert.deepEqual(verbs(on), ["get metadata"]);
  });

  it("deletes nothing by a UID that can't be one", async () => {
    for (const uid of ["..", "", "a/b", null]) {
      const on = cluster({ object: () => there({ uid }) });
      assert.equal((await run(on, target("configmaps", "x", "default"))).outcome, "gone");
      assert.deepEqual(verbs(on), ["get metadata"]);
    }
  });

  it("leaves an object alone that takes the name between the look and the deletion", async () => {
    const conflict = () => {
      throw apiError(409, "the UID in the precondition (x-uid) does not match the UID in record (y).");
    };
    const on = cluster({ object: () => there(), remove: conflict });
    assert.equal((await run(on, target("configmaps", "x", "default"))).outcome, "replaced");
  });

  it("fails where nobody can tell whether it is older than the alert", async () => {
    const untold: [Record<string, unknown>, string | null][] = [
      [{}, null],
      [{}, "yesterday"],
      [{ creationTimestamp: null }, RAISED],
    ];
    for (const [metadata, time] of untold) {
      const on = cluster({ object: () => there(metadata) });
      const { outcome, message } = await run(on, target("configmaps", "x", "default", {}, time));
      assert.equal(outcome, "failed");
      assert.match(message, /^can't tell whether configmaps default\/x is the one that the alert means/);
      assert.deepEqual(verbs(on), ["get metadata"]);
    }
  });

  it("knows a pod by its UID where the alert has it", async () => {
    const fields = { "k8s.ns.name": "default", "k8s.pod.name": "alpine", "k8s.pod.uid": POD_UID };
    const other = cluster({ pod: () => there() });
    assert.equal((await run(other, target("pods", "alpine", "default", fields))).outcome, "replaced");
    const same = cluster({ pod: () => there({ uid: POD_UID, creationTimestamp: YOUNGER }) });
    assert.equal((await run(same, target("pods", "alpine", "default", fields))).outcome, "done");
  });

  it("fails for a static pod, which the API only shows", async () => {
    const mirror = there({
      name: "x-node-1",
      annotations: { "kubernetes.io/config.mirror": "hash" },
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "node-1", uid: "n", controller: true }],
    });
    const on = cluster({ pod: () => mirror });
    const { outcome, message } = await run(on, target("pods", "x-node-1", "default"));
    assert.equal(outcome, "failed");
    assert.match(message, /is a static pod, .* off node node-1$/);
    assert.deepEqual(verbs(on), ["get metadata"]);
  });

  it("deletes a pod that only looks like a static one: the alert knows it by the API's UID", async () => {
    const fields = { "k8s.ns.name": "default", "k8s.pod.name": "x-node-1", "k8s.pod.uid": POD_UID };
    const ownerReferences = [{ apiVersion: "v1", kind: "Node", name: "node-1", uid: "n", controller: true }];
    const annotations = { "kubernetes.io/config.mirror": "hash" };
    const on = cluster({ pod: () => there({ name: "x-node-1", uid: POD_UID, annotations, ownerReferences }) });
    assert.equal((await run(on, target("pods", "x-node-1", "default", fields))).outcome, "done");
  });

  const rule = `- rule: D\n  actions: [{action: D, actionner: "kubernetes:delete", parameters: {resources: [${ALL.join(", ")}]}}]`;
  const answer = (on: ReturnType<typeof cluster>, of: ReturnType<typeof alert>) =>
    respond(of, "key", engine(on, { rules: rules(rule) }));

  it("is not tried where the alert names no resource, or half of one", async () => {
    for (const one of [alert(), target("configmaps", null, "default"), target("configmaps", "x", null)]) {
      const on = cluster({});
      assert.equal((await answer(on, one)).outcome, "no-pod");
      assert.deepEqual(on.calls, []);
    }
  });

  it("fails for a resource that is never deleted", async () => {
    for (const resource of ["events", "nodes", "constructor"]) {
      const on = cluster({});
      assert.equal((await answer(on, target(resource, "x", "default"))).outcome, "failed");
      assert.deepEqual(on.calls, []);
    }
  });

  for (const name of [
    "..",
    ".",
    "../..",
    "a/../b",
    "a%2f..",
    "a?b",
    "a#b",
    "-a",
    "a..b",
    "A",
    "\u0000",
    "x".repeat(254),
  ]) {
    it(`asks nothing of the API for the name ${JSON.stringify(name).slice(0, 20)}, wherever it stands`, async () => {
      for (const one of [
        target("configmaps", name, "default"),
        target("namespaces", name, null),
        target("configmaps", "x", name),
        target("configmaps", null, "default", { "ka.resp.name": name }),
        target(name, "x", "default"),
      ]) {
        const on = cluster({ object: () => there() });
        assert.equal((await answer(on, one)).outcome, "failed");
        assert.deepEqual(on.calls, []);
      }
    });
  }

  it("takes the name from the answer where a creation let the API choose it", async () => {
    const on = cluster({ object: () => there() });
    const of = target("configmaps", null, "default", { "ka.resp.name": "x" });
    assert.equal((await answer(on, of)).outcome, "done");
    assert.equal(on.calls[1]?.name, "x");
  });

  it("leaves a protected namespace alone, what is in it and itself", async () => {
    for (const one of [target("configmaps", "x", "kube-system"), target("namespaces", "kube-system", null)]) {
      const on = cluster({});
      assert.equal((await answer(on, one)).outcome, "ignored");
      assert.deepEqual(on.calls, []);
    }
  });

  it("says deleted only where the API's answer shows it, and what holds an object that is still there", async () => {
    const saying = async (metadata: Record<string, unknown>, resource = "configmaps") =>
      await run(cluster({ object: () => there(), remove: () => there(metadata) }), target(resource, "x", "default"));
    const since = { deletionTimestamp: OLDER };
    assert.deepEqual(await saying({ ...since, finalizers: ["example.com/keep"] }), {
      outcome: "done",
      message: "configmaps default/x is being deleted: held by its finalizers: example.com/keep",
    });
    assert.equal((await saying(since)).message, "deleted configmaps default/x");
    assert.equal((await saying({}, "services")).message, "deleted services default/x", "the API shows it as it was");
    assert.equal((await saying({ finalizers: ["example.com/keep"] }, "services")).outcome, "failed");
    for (const metadata of [{}, { ...since, uid: "another" }]) {
      assert.deepEqual(await saying(metadata), {
        outcome: "failed",
        message: "the API took the deletion of configmaps default/x, but doesn't show it",
      });
    }
  });
});
