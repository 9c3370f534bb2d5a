import assert from "node:assert/strict";
import { resourceNamed } from "../../../lab/kubernetes/resources.ts";
import type { Kubernetes } from "../../../lab/kubernetes/server.ts";
import { ask } from "./ask.ts";
import { createPod, pod, POD, pods, startWithNamespaces } from "./fixture.ts";

describe("deleting in the embedded Kubernetes API", () => {
  let api: Kubernetes;

  beforeEach(async () => {
    api = await startWithNamespaces();
  });
  afterEach(async () => {
    await api.close();
  });

  it("refuses a UID that isn't the pod's, and leaves the pod alone", async () => {
    const { metadata } = await createPod(api);
    const { status, body } = await ask(api, "DELETE", pod, { preconditions: { uid: "another" } });
    assert.deepEqual([status, body.reason], [409, "Conflict"]);
    assert.equal(
      body.message,
      `Operation cannot be fulfilled on Pod "alpine": the UID in the precondition (another) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
    assert.equal((await ask(api, "GET", pod)).body.metadata.deletionTimestamp, undefined);
  });

  it("refuses a version that isn't the pod's", async () => {
    const { metadata } = await createPod(api);
    const { status, body } = await ask(api, "DELETE", pod, { preconditions: { resourceVersion: "1" } });
    assert.equal(status, 409);
    assert.match(
      body.message,
      new RegExp(
        `the ResourceVersion in the precondition \\(1\\) does not match the ResourceVersion in record \\(${metadata.resourceVersion}\\)`,
      ),
    );
  });

  it("answers with the pod, which is there until its grace period is over", async () => {
    const { metadata } = await createPod(api);
    const { status, body } = await ask(api, "DELETE", pod, {
      gracePeriodSeconds: 3600,
      preconditions: { uid: metadata.uid },
    });
    assert.deepEqual([status, body.kind, body.metadata.deletionGracePeriodSeconds], [200, "Pod", 3600]);
    assert.ok(body.metadata.deletionTimestamp);
    assert.equal((await ask(api, "GET", pod)).status, 200);
  });

  it("takes the grace period from the pod where the request has none", async () => {
    await createPod(api, { spec: { ...POD.spec, terminationGracePeriodSeconds: 7 } });
    assert.equal((await ask(api, "DELETE", pod)).body.metadata.deletionGracePeriodSeconds, 7);
    await ask(api, "POST", pods, { ...POD, metadata: { name: "other" } });
    assert.equal((await ask(api, "DELETE", `${pods}/other`)).body.metadata.deletionGracePeriodSeconds, 30);
  });

  it("deletes at once with 0, and a pod that no node runs", async () => {
    await createPod(api);
    const { body } = await ask(api, "DELETE", `${pod}?gracePeriodSeconds=0`);
    assert.deepEqual([body.kind, body.metadata.deletionGracePeriodSeconds], ["Pod", 0]);
    assert.equal((await ask(api, "GET", pod)).status, 404);
    await createPod(api, { spec: { containers: [{ name: "main" }] } });
    await ask(api, "DELETE", pod, { gracePeriodSeconds: 30 });
    assert.equal((await ask(api, "GET", pod)).status, 404);
  });

  it("lets a second delete shorten the grace period, never lengthen it", async () => {
    await createPod(api);
    const first = (await ask(api, "DELETE", pod, { gracePeriodSeconds: 1200 })).body.metadata;
    const longer = (await ask(api, "DELETE", pod, { gracePeriodSeconds: 3600 })).body.metadata;
    assert.deepEqual([longer.deletionGracePeriodSeconds, longer.deletionTimestamp], [1200, first.deletionTimestamp]);
    assert.equal((await ask(api, "DELETE", pod)).body.metadata.deletionGracePeriodSeconds, 1200);
    assert.equal(
      (await ask(api, "DELETE", pod, { gracePeriodSeconds: 600 })).body.metadata.deletionGracePeriodSeconds,
      600,
    );
    await ask(api, "DELETE", pod, { gracePeriodSeconds: 0 });
    assert.equal((await ask(api, "GET", pod)).status, 404);
  });

  it("changes nothing on a dry run", async () => {
    await createPod(api);
    assert.equal((await ask(api, "DELETE", `${pod}?dryRun=All&gracePeriodSeconds=0`)).status, 200);
    assert.equal((await ask(api, "GET", pod)).body.metadata.deletionTimestamp, undefined);
  });

  it("answers 400 for options it can't read", async () => {
    await createPod(api);
    for (const body of ["{", { gracePeriodSeconds: "soon" }, { kind: "Pod" }])
      assert.equal((await ask(api, "DELETE", pod, body)).status, 400);
  });

  it("answers with a Status for what isn't returned on delete", async () => {
    api.store.place(resourceNamed("replicasets"), { metadata: { name: "cart", namespace: "shop" } });
    const { body } = await ask(api, "DELETE", "/apis/apps/v1/namespaces/shop/replicasets/cart");
    assert.deepEqual(
      [body.kind, body["status"], body.details?.["kind"], body.details?.["group"]],
      ["Status", "Success", "replicasets", "apps"],
    );
  });

  describe("deleting a namespace", () => {
    const shop = "/api/v1/namespaces/shop";
    const configMap = { metadata: { name: "cart" } };

    it("takes what is in it along, and nothing else", async () => {
      await ask(api, "POST", `${shop}/configmaps`, configMap);
      await ask(api, "POST", "/api/v1/namespaces/default/configmaps", configMap);
      const { body } = await ask(api, "DELETE", shop);
      assert.deepEqual([body.kind, body.status?.["phase"]], ["Namespace", "Terminating"]);
      assert.equal((await ask(api, "GET", shop)).status, 404);
      assert.equal((await ask(api, "GET", `${shop}/configmaps/cart`)).status, 404);
      assert.equal((await ask(api, "GET", "/api/v1/namespaces/default/configmaps/cart")).status, 200);
    });

    it("waits for its pods, and lets nothing new in meanwhile", async () => {
      await ask(api, "POST", `${shop}/pods`, {
        ...POD,
        spec: { ...POD.spec, terminationGracePeriodSeconds: 3600 },
      });
      await ask(api, "DELETE", shop);
      assert.equal((await ask(api, "GET", shop)).body.status?.["phase"], "Terminating");
      const { status, body } = await ask(api, "POST", `${shop}/configmaps`, configMap);
      assert.deepEqual(
        [status, body.message],
        [
          403,
          'configmaps "cart" is forbidden: unable to create new content in namespace shop because it is being terminated',
        ],
      );
      await ask(api, "DELETE", `${shop}/pods/alpine`, { gracePeriodSeconds: 0 });
      assert.equal((await ask(api, "GET", shop)).status, 404);
    });

    it("changes nothing on a dry run", async () => {
      await ask(api, "POST", `${shop}/configmaps`, configMap);
      await ask(api, "DELETE", shop, { dryRun: ["All"] });
      assert.equal((await ask(api, "GET", shop)).body.status?.["phase"], "Active");
      assert.equal((await ask(api, "GET", `${shop}/configmaps/cart`)).status, 200);
    });

    it("refuses for those that are there from the start", async () => {
      assert.equal((await ask(api, "DELETE", "/api/v1/namespaces/kube-system")).status, 403);
    });
  });
});
