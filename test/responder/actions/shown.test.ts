import assert from "node:assert/strict";
import { deletionShown, listed, notShown } from "../../../responder/actions/shown.ts";

describe("what an answer shows of a change", () => {
  const object = { metadata: { uid: "u", labels: { app: "web", a: "b" } }, spec: { unschedulable: true } };

  it("is all of it, where everything is as the patch has it and what it removes is not there", () => {
    assert.equal(notShown(object, { metadata: { uid: "u", labels: { a: "b", old: null } } }), undefined);
    assert.equal(notShown(object, { spec: { unschedulable: true } }), undefined);
  });

  it("names the first part that isn't", () => {
    assert.equal(notShown(object, { metadata: { labels: { a: "c" } } }), "metadata.labels.a");
    assert.equal(notShown(object, { metadata: { labels: { app: null } } }), "metadata.labels.app");
    assert.equal(notShown(object, { metadata: { uid: "other" } }), "metadata.uid");
    assert.equal(notShown({}, { spec: { unschedulable: true } }), "spec.unschedulable");
    assert.equal(notShown("<html>", { spec: { unschedulable: true } }), "spec.unschedulable");
  });

  it("takes nothing that every JavaScript object has for a label", () => {
    for (const label of ["constructor", "toString", "__proto__"]) {
      const patch = JSON.parse(`{"metadata": {"labels": {"${label}": null}}}`) as object;
      assert.equal(notShown(object, patch), undefined);
      const wanted = JSON.parse(`{"metadata": {"labels": {"${label}": "x"}}}`) as object;
      assert.equal(notShown(object, wanted), `metadata.labels.${label}`);
      assert.equal(notShown(wanted, wanted), undefined);
    }
  });
});

describe("what an answer shows of a deletion", () => {
  const since = { uid: "u", deletionTimestamp: "2026-11-23T16:31:56Z" };

  it("is that nothing is left, of an object that is gone or that nothing holds", () => {
    assert.equal(deletionShown(undefined, "u"), "");
    assert.equal(deletionShown({ metadata: { ...since, deletionGracePeriodSeconds: 0, finalizers: [] } }, "u"), "");
  });

  it("is what is still to come", () => {
    const answer = { metadata: { ...since, deletionGracePeriodSeconds: 30, finalizers: ["example.com/keep"] } };
    assert.equal(deletionShown(answer, "u"), "it has 30 s to end, held by its finalizers: example.com/keep");
  });

  it("is nothing, of an object that is not being deleted, or of another", () => {
    assert.equal(deletionShown({ metadata: { uid: "u" } }, "u"), undefined);
    assert.equal(deletionShown({ metadata: { ...since, uid: "v" } }, "u"), undefined);
    assert.equal(deletionShown({}, "u"), undefined);
  });
});

describe("a list of names in a message", () => {
  it("is short, however many there are, and on one line", () => {
    assert.equal(listed(["a", "b"]), "a, b");
    assert.equal(listed(["a\nb", ...Array<string>(9_999).fill("x")]), "a\ufffdb, x, x, x, x and 9995 more");
    assert.ok(listed(Array<string>(9).fill("x".repeat(10_000))).length < 2_000);
  });
});
