import assert from "node:assert/strict";
import { deleteResource } from "../../../../responder/actions/kubernetes/delete.ts";
import { respond } from "../../../../responder/engine/respond.ts";
import { alert, apiError, cluster, rules } from "../../fixtures.ts";

const target = (resource: string, name: string | null, namespace: string | null) =>
  alert(
    { "ka.target.resource": resource, "ka.target.name": name, "ka.target.namespace": namespace },
    { source: "k8s_audit" },
  );

const run = (on: ReturnType<typeof cluster>, of: ReturnType<typeof alert>, parameters: Record<string, unknown> = {}) =>
  deleteResource
    .prepare(parameters)
    .run({ alert: of, cluster: on, protection: () => undefined, context: new Map() });

describe("kubernetes:delete", () => {
  const paths: [string, string | null, string][] = [
    ["configmaps", "default", "/api/v1/namespaces/default/configmaps/x"],
    ["deployments", "default", "/apis/apps/v1/namespaces/default/deployments/x"],
    ["roles", "default", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles/x"],
    ["clusterroles", null, "/apis/rbac.authorization.k8s.io/v1/clusterroles/x"],
    ["namespaces", null, "/api/v1/namespaces/x"],
  ];
  for (const [resource, namespace, path] of paths) {
    it(`deletes what the alert names of ${resource}`, async () => {
      const on = cluster({});
      assert.equal((await run(on, target(resource, "x", namespace))).outcome, "done");
      assert.deepEqual(on.calls, [{ verb: "delete object", name: path }]);
    });
  }

  it("deletes nothing beyond the resources it was given, which are all its role has", async () => {
    const on = cluster({});
    assert.equal((await run(on, target("secrets", "x", "default"), { resources: ["configmaps"] })).outcome, "failed");
    assert.deepEqual(on.calls, []);
    const { permissions } = deleteResource.prepare({ resources: ["configmaps"] });
    assert.deepEqual(permissions, [{ apiGroup: "", resource: "configmaps", verbs: ["delete"] }]);
  });

  it("finds nothing to do where it is gone", async () => {
    const on = cluster({
      remove: () => {
        throw apiError(404, "not found");
      },
    });
    assert.equal((await run(on, target("pods", "x", "default"))).outcome, "gone");
  });

  const engine = (on: ReturnType<typeof cluster>) => ({
    rules: rules('- rule: D\n  actions: [{action: D, actionner: "kubernetes:delete"}]'),
    protectedNamespaces: new Set(["kube-system"]),
    cluster: on,
    events: false,
    deduplicationSeconds: 0,
  });

  it("is not tried where the alert names no resource, or half of one", async () => {
    for (const one of [
      alert(),
      target("configmaps", null, "default"),
      target("configmaps", "x", null),
      target("events", "x", "default"),
    ]) {
      const on = cluster({});
      assert.equal((await respond(one, "key", engine(on))).outcome, "no-pod");
      assert.deepEqual(on.calls, []);
    }
  });

  it("leaves a protected namespace alone, what is in it and itself", async () => {
    for (const one of [target("configmaps", "x", "kube-system"), target("namespaces", "kube-system", null)]) {
      const on = cluster({});
      assert.equal((await respond(one, "key", engine(on))).outcome, "ignored");
      assert.deepEqual(on.calls, []);
    }
  });
});
