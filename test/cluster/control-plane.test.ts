import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname } from "node:path";

import type { KubernetesObject, Status } from "../support/api.ts";
import { startControlPlane, type ControlPlane } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";

const pods = "/api/v1/namespaces/default/pods";

interface Pod extends KubernetesObject {
  spec: { nodeName?: string };
  status: { phase?: string; podIP?: string; containerStatuses?: { name: string; containerID?: string }[] };
}

describe("the control plane of the cluster suite", function () {
  // a first run builds its programs
  this.timeout(45 * 60_000);

  let cluster: ControlPlane;

  before(async () => {
    cluster = await startControlPlane();
  });

  after(async () => {
    await cluster.stop();
    assert.equal(existsSync(dirname(cluster.caFile)), false, "its folder is gone");
  });

  function pod(name: string, more: object = {}): object {
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name },
      spec: { containers: [{ name: "main", image: "alpine:3" }] },
      ...more,
    };
  }

  async function running(path: string): Promise<Pod> {
    return eventually(`${path} is Running`, async () => {
      const found = await cluster.api.demand<Pod>("GET", path);
      return found.status.phase === "Running" && found;
    });
  }

  it("tells its version, as clients check it", async () => {
    const version = await cluster.api.demand<{ major: string; minor: string; gitVersion: string }>("GET", "/version");
    assert.match(version.gitVersion, /^v1\.\d+\.\d+/);
    assert.equal(version.gitVersion.startsWith(`v${version.major}.${version.minor}.`), true);
  });

  it("makes a ServiceAccount for every namespace", async () => {
    await cluster.api.demand("POST", "/api/v1/namespaces", {
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "made" } },
    });
    await eventually("its default ServiceAccount is there", async () => {
      return (await cluster.api.request("GET", "/api/v1/namespaces/made/serviceaccounts/default")).status === 200;
    });
  });

  it("runs a pod on one of its nodes, with an address and a container id", async () => {
    await cluster.api.demand("POST", pods, { body: pod("alone") });
    const { spec, status } = await running(`${pods}/alone`);
    assert.equal(cluster.nodes.includes(spec.nodeName ?? ""), true);
    assert.match(status.podIP ?? "", /^\d+\.\d+\.\d+\.\d+$/);
    assert.match(status.containerStatuses?.[0]?.containerID ?? "", /^containerd:\/\/[0-9a-f]{64}$/);
  });

  it("gives a pod's successor of the same name a container id of its own", async () => {
    await cluster.api.demand("POST", pods, { body: pod("again") });
    const first = await running(`${pods}/again`);
    await cluster.api.demand("DELETE", `${pods}/again`);
    await eventually("the pod is gone", async () => (await cluster.api.request("GET", `${pods}/again`)).status === 404);
    await cluster.api.demand("POST", pods, { body: pod("again") });
    const second = await running(`${pods}/again`);
    assert.notEqual(second.metadata?.uid, first.metadata?.uid);
    assert.notEqual(
      second.status.containerStatuses?.[0]?.containerID,
      first.status.containerStatuses?.[0]?.containerID,
    );
  });

  it("keeps a deleted pod terminating for as long as its annotation says", async () => {
    const metadata = { name: "slow", annotations: { "pod-delete.stage.kwok.x-k8s.io/delay": "2s" } };
    await cluster.api.demand("POST", pods, { body: pod("slow", { metadata }) });
    await running(`${pods}/slow`);
    const start = performance.now();
    const terminating = await cluster.api.demand<Pod>("DELETE", `${pods}/slow`);
    assert.notEqual(terminating.metadata?.deletionTimestamp, undefined);
    await eventually("the pod is gone", async () => (await cluster.api.request("GET", `${pods}/slow`)).status === 404);
    assert.ok(performance.now() - start >= 2000);
  });

  it("has a log for each container", async () => {
    await cluster.api.demand("POST", pods, { body: pod("logging") });
    await running(`${pods}/logging`);
    assert.equal(
      await cluster.api.demand<string>("GET", `${pods}/logging/log?container=main&tailLines=2`),
      "line 99\nline 100\n",
    );
  });

  it("refuses to delete a pod whose UID is not the precondition's, with 409", async () => {
    await cluster.api.demand("POST", pods, { body: pod("guarded") });
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      preconditions: { uid: "00000000-0000-0000-0000-000000000000" },
    };
    const answer = await cluster.api.request<Status>("DELETE", `${pods}/guarded`, { body });
    assert.equal(answer.status, 409);
    assert.equal(answer.body.reason, "Conflict");
    assert.equal((await cluster.api.request("GET", `${pods}/guarded`)).status, 200);
  });

  for (const [kind, more] of [
    ["Deployment", { replicas: 2 }],
    ["StatefulSet", { replicas: 2, serviceName: "none" }],
    ["DaemonSet", {}],
  ] as const) {
    it(`has the pods of a ${kind} made and running`, async () => {
      const app = kind.toLowerCase();
      const template = { metadata: { labels: { app } }, spec: { containers: [{ name: "main", image: "alpine:3" }] } };
      const spec = { ...more, selector: { matchLabels: { app } }, template };
      const path = `/apis/apps/v1/namespaces/default/${app}s`;
      await cluster.api.demand("POST", path, { body: { apiVersion: "apps/v1", kind, metadata: { name: app }, spec } });
      await eventually("two of its pods run", async () => {
        const { items } = await cluster.api.demand<{ items: Pod[] }>("GET", `${pods}?labelSelector=app%3D${app}`);
        return items.filter(({ status }) => status.phase === "Running").length === 2;
      });
    });
  }

  describe("with a ServiceAccount's token", () => {
    let token: string;

    before(async () => {
      token = await cluster.serviceAccountToken("default", "default");
    });

    it("knows whose it is", async () => {
      const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
      const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
      const review = await cluster.api.demand<{ status: { userInfo: { username: string } } }>("POST", path, {
        body,
        token,
      });
      assert.equal(review.status.userInfo.username, "system:serviceaccount:default:default");
    });

    it("allows what a role allows, and nothing before", async () => {
      const refused = await cluster.api.request<Status>("GET", pods, { token });
      assert.deepEqual([refused.status, refused.body.reason], [403, "Forbidden"]);

      const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
      const type = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name: "reader" } };
      const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }];
      await cluster.api.demand("POST", `${rbac}/roles`, { body: { ...type, kind: "Role", rules } });
      const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" };
      const subjects = [{ kind: "ServiceAccount", name: "default", namespace: "default" }];
      await cluster.api.demand("POST", `${rbac}/rolebindings`, {
        body: { ...type, kind: "RoleBinding", roleRef, subjects },
      });

      await eventually(
        "the role is in force",
        async () => (await cluster.api.request("GET", pods, { token })).status === 200,
      );
    });
  });

  it("refuses a token that it did not give, with 401", async () => {
    assert.equal((await cluster.api.request("GET", pods, { token: "made-up" })).status, 401);
  });
});
