import assert from "node:assert/strict";
import { readPatch } from "../../../lab/kubernetes/patch.ts";
import { StatusError } from "../../../lab/kubernetes/status.ts";

const JSON_PATCH = "application/json-patch+json";
const object = { metadata: { name: "cart", labels: { app: "cart" } }, spec: { list: ["a", "b"] } };

describe("patches of the embedded Kubernetes API", () => {
  const patch = (operations: unknown): unknown => readPatch(JSON_PATCH, JSON.stringify(operations))(object);

  it("carry out JSON Patch's operations in order, and leave the object they are given as it is", () => {
    const before = structuredClone(object);
    assert.deepEqual(
      patch([
        { op: "test", path: "/metadata/labels", value: { app: "cart" } },
        { op: "add", path: "/metadata/labels/a~1b", value: "1" },
        { op: "replace", path: "/metadata/labels/app", value: "shop" },
        { op: "add", path: "/spec/list/-", value: "c" },
        { op: "remove", path: "/spec/list/0" },
        { op: "move", from: "/spec/list/1", path: "/spec/last" },
        { op: "copy", from: "/spec/last", path: "/spec/same" },
      ]),
      { metadata: { name: "cart", labels: { app: "shop", "a/b": "1" } }, spec: { list: ["b"], last: "c", same: "c" } },
    );
    assert.deepEqual(object, before);
  });

  it("replace a map's key that isn't there, as the real server does", () => {
    const { metadata } = patch([{ op: "replace", path: "/metadata/labels/b", value: "1" }]) as typeof object;
    assert.deepEqual(metadata.labels, { app: "cart", b: "1" });
  });

  const impossible: [text: string, operation: unknown][] = [
    ["a test that fails", { op: "test", path: "/metadata/name", value: "shop" }],
    ["what isn't there to remove", { op: "remove", path: "/metadata/labels/b" }],
    ["what isn't there to replace in a list", { op: "replace", path: "/spec/list/7", value: "1" }],
    ["a place in nothing", { op: "add", path: "/metadata/annotations/a", value: "1" }],
    ["a place in text", { op: "add", path: "/metadata/name/a", value: "1" }],
    ["a place beyond a list", { op: "add", path: "/spec/list/7", value: "1" }],
    ["no pointer", { op: "add", path: "metadata", value: "1" }],
    ["an operation without a value", { op: "add", path: "/metadata/labels/b" }],
  ];
  for (const [text, operation] of impossible) {
    it(`are answered 422 for ${text}`, () => {
      assert.throws(
        () => patch([operation]),
        (error) => error instanceof StatusError && error.code === 422,
      );
    });
  }

  it("are answered 400 for what is no operation, and for no list of them", () => {
    for (const operations of [[{ op: "add" }], [{ op: "append", path: "/spec", value: 1 }], ["add"], { op: "add" }])
      assert.throws(
        () => patch(operations),
        (error) => error instanceof StatusError && error.code === 400,
      );
  });

  it("merge maps, replace everything else, and take away what is null, with the two other kinds", () => {
    for (const type of ["application/merge-patch+json", "application/strategic-merge-patch+json"]) {
      const change = { metadata: { labels: { app: null, b: "1" } }, spec: { list: ["c"] } };
      assert.deepEqual(readPatch(type, JSON.stringify(change))(object), {
        metadata: { name: "cart", labels: { b: "1" } },
        spec: { list: ["c"] },
      });
    }
  });
});
