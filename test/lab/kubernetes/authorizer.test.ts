import assert from "node:assert/strict";
import type { RbacObject } from "../../../lab/kubernetes/authorizer.ts";
import type { Kubernetes } from "../../../lab/kubernetes/server.ts";
import { ask } from "./ask.ts";
import { createPod, pod, startWithNamespaces } from "./fixture.ts";

const RBAC: RbacObject[] = [
  {
    kind: "ClusterRole",
    metadata: { name: "responder" },
    rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "delete"] }],
  },
  {
    kind: "ClusterRoleBinding",
    metadata: { name: "responder" },
    roleRef: { kind: "ClusterRole", name: "responder" },
    subjects: [{ kind: "ServiceAccount", name: "responder", namespace: "default" }],
  },
  {
    kind: "Role",
    metadata: { name: "scaler", namespace: "shop" },
    rules: [{ apiGroups: ["apps"], resources: ["replicasets"], resourceNames: ["cart"], verbs: ["get"] }],
  },
  {
    kind: "RoleBinding",
    metadata: { name: "scaler", namespace: "shop" },
    roleRef: { kind: "Role", name: "scaler" },
    subjects: [{ kind: "ServiceAccount", name: "responder", namespace: "default" }],
  },
];

describe("who may do what in the embedded Kubernetes API", () => {
  let api: Kubernetes;
  let responder: string;
  beforeEach(async () => {
    api = await startWithNamespaces(RBAC);
    responder = api.tokenFor("default", "responder");
  });
  afterEach(async () => {
    await api.close();
  });

  it("answers 401 to a token nobody has", async () => {
    const { status, body } = await ask(api, "GET", pod, undefined, { token: "nonsense" });
    assert.equal(status, 401);
    assert.deepEqual(body, {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: "Unauthorized",
      reason: "Unauthorized",
      code: 401,
    });
  });

  it("takes who comes without a token for system:anonymous", async () => {
    const { status, body } = await ask(api, "GET", pod, undefined, { token: "" });
    assert.equal(status, 403);
    assert.match(body.message, /^pods "alpine" is forbidden: User "system:anonymous" cannot get resource "pods"/);
  });

  it("lets a ServiceAccount do what its ClusterRole says", async () => {
    await createPod(api);
    assert.equal((await ask(api, "GET", pod, undefined, { token: responder })).status, 200);
    assert.equal((await ask(api, "DELETE", pod, { gracePeriodSeconds: 0 }, { token: responder })).status, 200);
  });

  it("refuses everything else in Kubernetes' words, before it looks whether the object is there", async () => {
    const { status, body } = await ask(api, "PATCH", "/api/v1/namespaces/y/pods/x", {}, { token: responder });
    assert.equal(status, 403);
    assert.equal(
      body.message,
      'pods "x" is forbidden: User "system:serviceaccount:default:responder" cannot patch resource "pods" in API group "" in the namespace "y"',
    );
    assert.deepEqual([body.reason, body.code, body.details], ["Forbidden", 403, { name: "x", kind: "pods" }]);
  });

  it("names the cluster scope and the subresource", async () => {
    assert.match(
      (await ask(api, "GET", "/api/v1/pods", undefined, { token: responder })).body.message,
      /^pods is forbidden: User "[^"]+" cannot list resource "pods" in API group "" at the cluster scope$/,
    );
    assert.match(
      (await ask(api, "GET", `${pod}/log`, undefined, { token: responder })).body.message,
      /cannot get resource "pods\/log" in API group ""/,
    );
  });

  it("holds a Role to its namespace and to its names", async () => {
    const get = (namespace: string, name: string) =>
      ask(api, "GET", `/apis/apps/v1/namespaces/${namespace}/replicasets/${name}`, undefined, { token: responder });
    assert.equal((await get("shop", "cart")).status, 404);
    assert.equal((await get("shop", "other")).status, 403);
    assert.equal((await get("default", "cart")).status, 403);
  });

  it("keeps a log with user, verb, path and status", async () => {
    await ask(api, "DELETE", pod, undefined, { token: responder });
    assert.deepEqual(api.requests.at(-1), {
      user: "system:serviceaccount:default:responder",
      verb: "delete",
      method: "DELETE",
      path: pod,
      status: 404,
    });
  });
});
