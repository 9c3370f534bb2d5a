import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { RbacObject } from "../../../lab/kubernetes/authorizer.ts";
import type { Json, KubernetesObject } from "../../../lab/kubernetes/object.ts";
import { startKubernetes } from "../../../lab/kubernetes/server.ts";
import type { Kubernetes } from "../../../lab/kubernetes/server.ts";

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
const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "alpine" },
  spec: { nodeName: "node-1", containers: [{ name: "main", image: "alpine" }] },
};

describe("the embedded Kubernetes API", () => {
  let api: Kubernetes;
  let responder: string;

  beforeEach(async () => {
    api = await startKubernetes({ rbac: RBAC, graceScale: 0.02 });
    responder = api.tokenFor("default", "responder");
    for (const name of ["default", "shop"]) api.store.place(resource("namespaces"), { metadata: { name } });
  });
  afterEach(async () => {
    await api.close();
  });

  function resource(name: string) {
    const found = api.store.resources.find((one) => one.resource === name);
    assert.ok(found);
    return found;
  }

  async function call(
    method: string,
    path: string,
    body?: unknown,
    { token = api.adminToken, type = "application/json" } = {},
  ) {
    const response = await fetch(`${api.url}${path}`, {
      method,
      headers: { ...(token === "" ? {} : { Authorization: `Bearer ${token}` }), "Content-Type": type },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const content = (await response.json()) as Json &
      KubernetesObject & { message: string; reason: string; details: Json; code: number };
    return { status: response.status, headers: response.headers, body: content };
  }
  const pods = "/api/v1/namespaces/default/pods";
  const pod = `${pods}/alpine`;
  const createPod = async (changes: Json = {}) => (await call("POST", pods, { ...POD, ...changes })).body;

  describe("who may do what", () => {
    it("answers 401 to a token nobody has", async () => {
      const { status, body } = await call("GET", pod, undefined, { token: "nonsense" });
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
      const { status, body } = await call("GET", pod, undefined, { token: "" });
      assert.equal(status, 403);
      assert.match(body.message, /^pods "alpine" is forbidden: User "system:anonymous" cannot get resource "pods"/);
    });

    it("lets a ServiceAccount do what its ClusterRole says", async () => {
      await createPod();
      assert.equal((await call("GET", pod, undefined, { token: responder })).status, 200);
      assert.equal((await call("DELETE", pod, { gracePeriodSeconds: 0 }, { token: responder })).status, 200);
    });

    it("refuses everything else in Kubernetes' words, before it looks whether the object is there", async () => {
      const { status, body } = await call("PATCH", "/api/v1/namespaces/y/pods/x", {}, { token: responder });
      assert.equal(status, 403);
      assert.equal(
        body.message,
        'pods "x" is forbidden: User "system:serviceaccount:default:responder" cannot patch resource "pods" in API group "" in the namespace "y"',
      );
      assert.deepEqual([body.reason, body.code, body.details], ["Forbidden", 403, { name: "x", kind: "pods" }]);
    });

    it("names the cluster scope and the subresource", async () => {
      assert.match(
        (await call("GET", "/api/v1/pods", undefined, { token: responder })).body.message,
        /^pods is forbidden: User "[^"]+" cannot list resource "pods" in API group "" at the cluster scope$/,
      );
      assert.match(
        (await call("GET", `${pod}/log`, undefined, { token: responder })).body.message,
        /cannot get resource "pods\/log" in API group ""/,
      );
    });

    it("holds a Role to its namespace and to its names", async () => {
      const get = (namespace: string, name: string) =>
        call("GET", `/apis/apps/v1/namespaces/${namespace}/replicasets/${name}`, undefined, { token: responder });
      assert.equal((await get("shop", "cart")).status, 404);
      assert.equal((await get("shop", "other")).status, 403);
      assert.equal((await get("default", "cart")).status, 403);
    });

    it("keeps a log with user, verb, path and status", async () => {
      await call("DELETE", pod, undefined, { token: responder });
      assert.deepEqual(api.requests.at(-1), {
        user: "system:serviceaccount:default:responder",
        verb: "delete",
        method: "DELETE",
        path: pod,
        status: 404,
      });
    });
  });

  describe("creating and reading", () => {
    it("gives a pod a UID, a version and a time, and starts its status anew", async () => {
      const { status, body } = await call("POST", pods, {
        ...POD,
        metadata: { name: "alpine", uid: "mine" },
        status: { phase: "Running" },
      });
      assert.equal(status, 201);
      assert.match(body.metadata.uid, /^[0-9a-f-]{36}$/);
      assert.match(body.metadata.resourceVersion, /^\d+$/);
      assert.match(body.metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.equal(body.status?.["phase"], "Pending");
      assert.equal(body.spec?.["terminationGracePeriodSeconds"], 30);
    });

    it("writes a status through /status alone", async () => {
      await createPod();
      const type = "application/merge-patch+json";
      assert.equal(
        (await call("PATCH", pod, { status: { phase: "Running" } }, { type })).body.status?.["phase"],
        "Pending",
      );
      assert.equal(
        (await call("PATCH", `${pod}/status`, { status: { phase: "Running" } }, { type })).body.status?.["phase"],
        "Running",
      );
    });

    it("answers 404 for a pod and for a namespace that aren't there", async () => {
      const { status, body } = await call("GET", pod);
      assert.deepEqual(
        [status, body.message, body.reason, body.details],
        [404, 'pods "alpine" not found', "NotFound", { name: "alpine", kind: "pods" }],
      );
      assert.equal(
        (await call("POST", "/api/v1/namespaces/nowhere/pods", POD)).body.message,
        'namespaces "nowhere" not found',
      );
    });

    it("answers 409 for a name that is taken", async () => {
      await createPod();
      const { status, body } = await call("POST", pods, POD);
      assert.deepEqual([status, body.message, body.reason], [409, 'pods "alpine" already exists', "AlreadyExists"]);
    });

    it("answers 422 and the field for an object that can't be", async () => {
      const { status, body } = await call("POST", pods, { ...POD, spec: {} });
      assert.deepEqual(
        [status, body.message, body.reason],
        [422, 'Pod "alpine" is invalid: spec.containers: Required value', "Invalid"],
      );
      assert.deepEqual(body.details["causes"], [
        { reason: "FieldValueRequired", message: "Required value", field: "spec.containers" },
      ]);
    });

    it("answers 400 for what is no JSON, no object, no Pod, or of another namespace", async () => {
      for (const body of [
        "{",
        "[]",
        { ...POD, kind: "Secret" },
        { ...POD, metadata: { name: "alpine", namespace: "shop" } },
      ]) {
        const answer = await call("POST", pods, body);
        assert.deepEqual([answer.status, answer.body.reason], [400, "BadRequest"]);
      }
    });

    it("lists a namespace or all of them, by label where asked", async () => {
      await createPod({ metadata: { name: "a", labels: { app: "cart" } } });
      await createPod({ metadata: { name: "b" } });
      await call("POST", "/api/v1/namespaces/shop/pods", POD);
      const names = async (path: string) =>
        ((await call("GET", path)).body["items"] as KubernetesObject[]).map(({ metadata }) => metadata.name);
      assert.deepEqual(await names(pods), ["a", "b"]);
      assert.deepEqual(await names("/api/v1/pods"), ["a", "b", "alpine"]);
      assert.deepEqual(await names(`${pods}?labelSelector=app%3Dcart`), ["a"]);
      assert.deepEqual(await names(`${pods}?labelSelector=app!%3Dcart`), ["b"]);
    });

    it("serves what owns pods in apps/v1", async () => {
      api.store.place(resource("replicasets"), {
        metadata: { name: "cart", namespace: "shop" },
        status: { readyReplicas: 2 },
      });
      const { body } = await call("GET", "/apis/apps/v1/namespaces/shop/replicasets/cart");
      assert.deepEqual([body.apiVersion, body.kind, body.status], ["apps/v1", "ReplicaSet", { readyReplicas: 2 }]);
    });

    it("patches by merge and by JSON patch, and refuses other kinds", async () => {
      await createPod();
      const merged = await call(
        "PATCH",
        pod,
        { metadata: { labels: { a: "1", b: "2" } } },
        { type: "application/merge-patch+json" },
      );
      assert.deepEqual(merged.body.metadata.labels, { a: "1", b: "2" });
      const patched = await call(
        "PATCH",
        pod,
        [
          { op: "remove", path: "/metadata/labels/a" },
          { op: "add", path: "/metadata/labels/x~1y", value: "3" },
        ],
        { type: "application/json-patch+json" },
      );
      assert.deepEqual(patched.body.metadata.labels, { b: "2", "x/y": "3" });
      assert.equal(patched.body.metadata.uid, merged.body.metadata.uid);
      assert.equal((await call("PATCH", pod, {}, { type: "text/plain" })).status, 415);
    });

    it("makes no new version of what doesn't change", async () => {
      const { metadata } = await createPod();
      const { body } = await call(
        "PATCH",
        pod,
        { spec: { nodeName: "node-1" } },
        { type: "application/merge-patch+json" },
      );
      assert.equal(body.metadata.resourceVersion, metadata.resourceVersion);
    });

    it("refuses a change of a version that is no longer the current one", async () => {
      const created = await createPod();
      const labelled = { ...created, metadata: { ...created.metadata, labels: { a: "1" } } };
      assert.equal((await call("PUT", pod, labelled)).status, 200);
      const { status, body } = await call("PUT", pod, labelled);
      assert.equal(status, 409);
      assert.match(body.message, /^Operation cannot be fulfilled on pods "alpine": the object has been modified/);
    });
  });

  describe("deleting a pod", () => {
    it("refuses a UID that isn't the pod's, and leaves the pod alone", async () => {
      const { metadata } = await createPod();
      const { status, body } = await call("DELETE", pod, { preconditions: { uid: "another" } });
      assert.deepEqual([status, body.reason], [409, "Conflict"]);
      assert.equal(
        body.message,
        `Operation cannot be fulfilled on Pod "alpine": the UID in the precondition (another) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
      );
      assert.equal((await call("GET", pod)).body.metadata.deletionTimestamp, undefined);
    });

    it("refuses a version that isn't the pod's", async () => {
      const { metadata } = await createPod();
      const { status, body } = await call("DELETE", pod, { preconditions: { resourceVersion: "1" } });
      assert.equal(status, 409);
      assert.match(
        body.message,
        new RegExp(
          `the ResourceVersion in the precondition \\(1\\) does not match the ResourceVersion in record \\(${metadata.resourceVersion}\\)`,
        ),
      );
    });

    it("answers with the pod, which is gone once its grace period is over", async () => {
      const { metadata } = await createPod();
      const { status, body } = await call("DELETE", pod, {
        gracePeriodSeconds: 5,
        preconditions: { uid: metadata.uid },
      });
      assert.deepEqual([status, body.kind, body.metadata.deletionGracePeriodSeconds], [200, "Pod", 5]);
      assert.ok(body.metadata.deletionTimestamp);
      assert.equal((await call("GET", pod)).status, 200);
      await sleep(180);
      assert.equal((await call("GET", pod)).status, 404);
    });

    it("takes the grace period from the pod where the request has none", async () => {
      await createPod({ spec: { ...POD.spec, terminationGracePeriodSeconds: 7 } });
      assert.equal((await call("DELETE", pod)).body.metadata.deletionGracePeriodSeconds, 7);
      await call("POST", pods, { ...POD, metadata: { name: "other" } });
      assert.equal((await call("DELETE", `${pods}/other`)).body.metadata.deletionGracePeriodSeconds, 30);
    });

    it("deletes at once with 0, and a pod that no node runs", async () => {
      await createPod();
      const { body } = await call("DELETE", `${pod}?gracePeriodSeconds=0`);
      assert.deepEqual([body.kind, body.metadata.deletionGracePeriodSeconds], ["Pod", 0]);
      assert.equal((await call("GET", pod)).status, 404);
      await createPod({ spec: { containers: [{ name: "main" }] } });
      await call("DELETE", pod, { gracePeriodSeconds: 30 });
      assert.equal((await call("GET", pod)).status, 404);
    });

    it("lets a second delete shorten the grace period, never lengthen it", async () => {
      await createPod();
      const first = (await call("DELETE", pod, { gracePeriodSeconds: 20 })).body.metadata;
      const longer = (await call("DELETE", pod, { gracePeriodSeconds: 60 })).body.metadata;
      assert.deepEqual([longer.deletionGracePeriodSeconds, longer.deletionTimestamp], [20, first.deletionTimestamp]);
      assert.equal((await call("DELETE", pod)).body.metadata.deletionGracePeriodSeconds, 20);
      assert.equal(
        (await call("DELETE", pod, { gracePeriodSeconds: 10 })).body.metadata.deletionGracePeriodSeconds,
        10,
      );
      await call("DELETE", pod, { gracePeriodSeconds: 0 });
      assert.equal((await call("GET", pod)).status, 404);
    });

    it("spares a pod of the same name created while the old one's grace period ran", async () => {
      await createPod();
      await call("DELETE", pod, { gracePeriodSeconds: 4 });
      await call("DELETE", pod, { gracePeriodSeconds: 0 });
      const { metadata } = await createPod();
      await sleep(150);
      assert.equal((await call("GET", pod)).body.metadata.uid, metadata.uid);
    });

    it("changes nothing on a dry run", async () => {
      await createPod();
      assert.equal((await call("DELETE", `${pod}?dryRun=All&gracePeriodSeconds=0`)).status, 200);
      assert.equal((await call("GET", pod)).body.metadata.deletionTimestamp, undefined);
    });

    it("answers 400 for options it can't read", async () => {
      await createPod();
      for (const body of ["{", { gracePeriodSeconds: "soon" }, { kind: "Pod" }])
        assert.equal((await call("DELETE", pod, body)).status, 400);
    });

    it("answers with a Status for what isn't returned on delete", async () => {
      api.store.place(resource("replicasets"), { metadata: { name: "cart", namespace: "shop" } });
      const { body } = await call("DELETE", "/apis/apps/v1/namespaces/shop/replicasets/cart");
      assert.deepEqual(
        [body.kind, body["status"], body.details["kind"], body.details["group"]],
        ["Status", "Success", "replicasets", "apps"],
      );
    });
  });

  describe("deleting a namespace", () => {
    const shop = "/api/v1/namespaces/shop";
    const configMap = { metadata: { name: "cart" } };

    it("takes what is in it along, and nothing else", async () => {
      await call("POST", `${shop}/configmaps`, configMap);
      await call("POST", "/api/v1/namespaces/default/configmaps", configMap);
      const { body } = await call("DELETE", shop);
      assert.deepEqual([body.kind, body.status?.["phase"]], ["Namespace", "Terminating"]);
      assert.equal((await call("GET", shop)).status, 404);
      assert.equal((await call("GET", `${shop}/configmaps/cart`)).status, 404);
      assert.equal((await call("GET", "/api/v1/namespaces/default/configmaps/cart")).status, 200);
    });

    it("waits for its pods, and lets nothing new in meanwhile", async () => {
      await call("POST", `${shop}/pods`, POD);
      await call("DELETE", shop);
      assert.equal((await call("GET", shop)).body.status?.["phase"], "Terminating");
      const { status, body } = await call("POST", `${shop}/configmaps`, configMap);
      assert.deepEqual(
        [status, body.message],
        [
          403,
          'configmaps "cart" is forbidden: unable to create new content in namespace shop because it is being terminated',
        ],
      );
      await call("DELETE", `${shop}/pods/alpine`, { gracePeriodSeconds: 0 });
      assert.equal((await call("GET", shop)).status, 404);
    });

    it("changes nothing on a dry run", async () => {
      await call("POST", `${shop}/configmaps`, configMap);
      await call("DELETE", shop, { dryRun: ["All"] });
      assert.equal((await call("GET", shop)).body.status?.["phase"], "Active");
      assert.equal((await call("GET", `${shop}/configmaps/cart`)).status, 200);
    });

    it("refuses for those that are there from the start", async () => {
      assert.equal((await call("DELETE", "/api/v1/namespaces/kube-system")).status, 403);
    });
  });

  describe("going wrong on purpose", () => {
    for (const answer of [429, 500, 503, 504] as const) {
      it(`answers ${answer} as often as asked, then as usual`, async () => {
        await createPod();
        api.fail({ answer, times: 1, verb: "get" });
        const { status, headers, body } = await call("GET", pod);
        assert.deepEqual([status, body.kind, body.code], [answer, "Status", answer]);
        assert.equal(headers.get("retry-after"), answer === 429 ? "1" : null);
        assert.equal((await call("GET", pod)).status, 200);
      });
    }

    it("never answers, or cuts the connection", async () => {
      api.fail({ answer: "hang", times: 1 });
      await assert.rejects(fetch(`${api.url}${pod}`, { signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
      api.fail({ answer: "reset", times: 1 });
      await assert.rejects(fetch(`${api.url}${pod}`), TypeError);
      assert.deepEqual(
        api.requests.slice(-2).map(({ status }) => status),
        [0, 0],
      );
    });
  });

  it("answers 404 to paths it doesn't know and serves its version", async () => {
    assert.equal((await call("GET", "/api/v1/namespaces/default/podtemplates")).status, 404);
    assert.equal((await call("GET", "/version", undefined, { token: responder })).status, 200);
  });
});
