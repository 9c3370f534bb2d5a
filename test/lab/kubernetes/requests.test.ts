import assert from "node:assert/strict";
import type { KubernetesObject } from "../../../lab/kubernetes/object.ts";
import { resourceNamed } from "../../../lab/kubernetes/resources.ts";
import type { Kubernetes } from "../../../lab/kubernetes/server.ts";
import { ask } from "./ask.ts";
import { createPod, pod, POD, pods, startWithNamespaces } from "./fixture.ts";

describe("creating and reading in the embedded Kubernetes API", () => {
  let api: Kubernetes;

  beforeEach(async () => {
    api = await startWithNamespaces();
  });
  afterEach(async () => {
    await api.close();
  });

  it("gives a pod a UID, a version and a time, and starts its status anew", async () => {
    const { status, body } = await ask(api, "POST", pods, {
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
    await createPod(api);
    const type = "application/merge-patch+json";
    assert.equal(
      (await ask(api, "PATCH", pod, { status: { phase: "Running" } }, { type })).body.status?.["phase"],
      "Pending",
    );
    assert.equal(
      (await ask(api, "PATCH", `${pod}/status`, { status: { phase: "Running" } }, { type })).body.status?.["phase"],
      "Running",
    );
  });

  it("gives an object's metadata alone to who asks for that", async () => {
    const { metadata } = await createPod(api);
    const accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    const { body } = await ask(api, "GET", pod, undefined, { accept });
    assert.deepEqual(body, { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata });
    assert.equal((await ask(api, "GET", pods, undefined, { accept })).status, 406, "a list is none of one object");
    const other = await ask(api, "GET", `${pod}-other`, undefined, { accept });
    assert.deepEqual([other.status, other.body.kind], [404, "Status"]);
  });

  it("answers 404 for a pod and for a namespace that aren't there", async () => {
    const { status, body } = await ask(api, "GET", pod);
    assert.deepEqual(
      [status, body.message, body.reason, body.details],
      [404, 'pods "alpine" not found', "NotFound", { name: "alpine", kind: "pods" }],
    );
    assert.equal(
      (await ask(api, "POST", "/api/v1/namespaces/nowhere/pods", POD)).body.message,
      'namespaces "nowhere" not found',
    );
  });

  it("answers 409 for a name that is taken", async () => {
    await createPod(api);
    const { status, body } = await ask(api, "POST", pods, POD);
    assert.deepEqual([status, body.message, body.reason], [409, 'pods "alpine" already exists', "AlreadyExists"]);
  });

  it("answers 422 and the field for an object that can't be", async () => {
    const { status, body } = await ask(api, "POST", pods, { ...POD, spec: {} });
    assert.deepEqual(
      [status, body.message, body.reason],
      [422, 'Pod "alpine" is invalid: spec.containers: Required value', "Invalid"],
    );
    assert.deepEqual(body.details?.["causes"], [
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
      const answer = await ask(api, "POST", pods, body);
      assert.deepEqual([answer.status, answer.body.reason], [400, "BadRequest"]);
    }
  });

  it("lists a namespace or all of them, by label where asked", async () => {
    await createPod(api, { metadata: { name: "a", labels: { app: "cart" } } });
    await createPod(api, { metadata: { name: "b" } });
    await ask(api, "POST", "/api/v1/namespaces/shop/pods", POD);
    const names = async (path: string) =>
      ((await ask(api, "GET", path)).body["items"] as KubernetesObject[]).map(({ metadata }) => metadata.name);
    assert.deepEqual(await names(pods), ["a", "b"]);
    assert.deepEqual(await names("/api/v1/pods"), ["a", "b", "alpine"]);
    assert.deepEqual(await names(`${pods}?labelSelector=app%3Dcart`), ["a"]);
    assert.deepEqual(await names(`${pods}?labelSelector=app!%3Dcart`), ["b"]);
  });

  it("serves what owns pods in apps/v1", async () => {
    api.store.place(resourceNamed("replicasets"), {
      metadata: { name: "cart", namespace: "shop" },
      status: { readyReplicas: 2 },
    });
    const { body } = await ask(api, "GET", "/apis/apps/v1/namespaces/shop/replicasets/cart");
    assert.deepEqual([body.apiVersion, body.kind, body.status], ["apps/v1", "ReplicaSet", { readyReplicas: 2 }]);
  });

  it("patches by merge and by JSON patch, and refuses other kinds", async () => {
    await createPod(api);
    const merged = await ask(
      api,
      "PATCH",
      pod,
      { metadata: { labels: { a: "1", b: "2" } } },
      { type: "application/merge-patch+json" },
    );
    assert.deepEqual(merged.body.metadata.labels, { a: "1", b: "2" });
    const patched = await ask(
      api,
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
    assert.equal((await ask(api, "PATCH", pod, {}, { type: "text/plain" })).status, 415);
  });

  it("makes no new version of what doesn't change", async () => {
    const { metadata } = await createPod(api);
    const { body } = await ask(
      api,
      "PATCH",
      pod,
      { spec: { nodeName: "node-1" } },
      { type: "application/merge-patch+json" },
    );
    assert.equal(body.metadata.resourceVersion, metadata.resourceVersion);
  });

  it("refuses a change of a version that is no longer the current one", async () => {
    const created = await createPod(api);
    const labelled = { ...created, metadata: { ...created.metadata, labels: { a: "1" } } };
    assert.equal((await ask(api, "PUT", pod, labelled)).status, 200);
    const { status, body } = await ask(api, "PUT", pod, labelled);
    assert.equal(status, 409);
    assert.match(body.message, /^Operation cannot be fulfilled on pods "alpine": the object has been modified/);
  });

  it("answers 404 to paths it doesn't know and serves its version", async () => {
    const token = api.tokenFor("default", "nobody");
    assert.equal((await ask(api, "GET", "/api/v1/namespaces/default/podtemplates")).status, 404);
    assert.equal((await ask(api, "GET", "/version", undefined, { token })).status, 200);
  });
});
