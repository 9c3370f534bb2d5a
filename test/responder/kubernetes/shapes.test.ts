import assert from "node:assert/strict";
import { NETWORKPOLICY, NODE, OBJECT, POD, shaped } from "../../../responder/kubernetes/shapes.ts";

describe("an object of an answer", () => {
  it("keeps what is looked at, and nothing else of what it is made to carry", () => {
    const pod = {
      kind: "Pod",
      metadata: { name: "a", labels: { app: "web" }, annotations: null, managedFields: [1] },
      spec: { nodeName: "node-1", hostNetwork: null, containers: [{ name: "app", image: "x" }], volumes: "whatever" },
      status: null,
    };
    assert.deepEqual(shaped(pod, POD), {
      metadata: { name: "a", labels: { app: "web" } },
      spec: { nodeName: "node-1", containers: [{ name: "app" }] },
    });
  });

  const wrong: [string, object, Parameters<typeof shaped>[1]][] = [
    ["labels that are a list", { metadata: { labels: [] } }, OBJECT],
    ["a label that is a number", { metadata: { labels: { a: 1 } } }, OBJECT],
    ["an annotation that is null", { metadata: { annotations: { a: null } } }, OBJECT],
    ["a UID that is an object", { metadata: { uid: {} } }, OBJECT],
    ["metadata that is a text", { metadata: "x" }, OBJECT],
    [
      "an owner without a name",
      { metadata: { ownerReferences: [{ apiVersion: "v1", kind: "Node", uid: "u" }] } },
      OBJECT,
    ],
    ["a container without a name", { spec: { containers: [{}] } }, POD],
    ["a container that is null", { spec: { containers: [null] } }, POD],
    ["containers that are a map", { status: { containerStatuses: {} } }, POD],
    ["a node's spec that is a list", { spec: [] }, NODE],
    [
      "a requirement without an operator",
      { spec: { podSelector: { matchExpressions: [{ key: "a" }] } } },
      NETWORKPOLICY,
    ],
  ];
  for (const [what, object, kind] of wrong) {
    it(`is not the Kubernetes API's with ${what}`, () => {
      assert.throws(() => shaped(object, kind), { name: "ApiError", failure: "not-kubernetes" });
    });
  }

  it("has keys of any name, and nothing by a name that every JavaScript object has", () => {
    const text =
      '{"constructor":1,"__proto__":2,"metadata":{"labels":{"__proto__":"a","toString":"b"},"constructor":[]}}';
    const object = shaped(JSON.parse(text) as object, OBJECT);
    assert.equal(JSON.stringify(object), '{"metadata":{"labels":{"__proto__":"a","toString":"b"}}}');
    assert.equal(Object.getPrototypeOf(object.metadata?.labels), Object.prototype);
  });
});
