import assert from "node:assert/strict";
import { controllerOf, readController } from "../../../../responder/actions/pods/controller.ts";
import { apiError, cluster } from "../../fixtures.ts";

const OWNER = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "owner", controller: true };
const owned = (...ownerReferences: unknown[]) => ({ metadata: { uid: "u", ownerReferences } });

describe("the controller of an object", () => {
  it("is the owner that says so, of Kubernetes' own kinds or of another", () => {
    const plain = { ...OWNER, controller: false, name: "beside" };
    assert.deepEqual(
      { ...controllerOf(owned(plain, OWNER)), resource: undefined },
      {
        kind: "ReplicaSet",
        name: "web",
        uid: "owner",
        resource: undefined,
      },
    );
    assert.equal(controllerOf(owned(OWNER))?.resource?.name, "replicasets");
    assert.equal(controllerOf(owned({ ...OWNER, apiVersion: "example.com/v1" }))?.resource, undefined);
    assert.equal(controllerOf(owned(plain)), undefined);
    assert.equal(controllerOf({}), undefined);
  });

  for (const part of [
    { name: "../.." },
    { name: "../../../namespaces/prod" },
    { name: "Bad Name", apiVersion: "example.com/v1" },
    { name: "" },
    { name: 1 },
    { kind: "../.." },
    { kind: "x\u001b[31m" },
    { kind: "A".repeat(64) },
    { uid: null },
  ]) {
    it(`is none with ${JSON.stringify(part).slice(0, 60)}, whoever wrote it`, () => {
      assert.equal(controllerOf(owned({ ...OWNER, ...part })), undefined);
    });
  }

  it("is none in what is no list of owners", () => {
    for (const ownerReferences of [null, "x", {}, [null], ["x"], [[]]])
      assert.equal(controllerOf({ metadata: { uid: "u", ownerReferences } }), undefined);
  });

  it("is found among ten thousand owners in no time, or not at all", () => {
    const many = Array.from({ length: 10_000 }, () => ({ ...OWNER, controller: false }));
    assert.equal(controllerOf(owned(OWNER, ...many))?.name, "web");
    assert.equal(controllerOf(owned(...many, OWNER)), undefined);
  });

  it("is read by its name, and is no other of that name", async () => {
    const controller = controllerOf(owned(OWNER));
    assert.ok(controller);
    const on = cluster({ replicas: { ready: 1, wanted: 2 } });
    assert.equal((await readController(on, "default", controller))?.spec?.replicas, 2);
    const another = cluster({ object: () => ({ metadata: { uid: "another" } }) });
    assert.equal(await readController(another, "default", controller), undefined);
    const gone = cluster({
      object: () => {
        throw apiError(404, "gone");
      },
    });
    assert.equal(await readController(gone, "default", controller), undefined);
  });

  it("of a kind that isn't Kubernetes' own is not asked for", async () => {
    const controller = controllerOf(owned({ ...OWNER, apiVersion: "example.com/v1" }));
    assert.ok(controller);
    const on = cluster({});
    assert.equal(await readController(on, "default", controller), undefined);
    assert.deepEqual(on.calls, []);
  });
});
