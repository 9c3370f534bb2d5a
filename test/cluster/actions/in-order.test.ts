import assert from "node:assert/strict";

import { loggedOf, nameOf } from "../deliver.ts";
import { type Pod } from "../workloads.ts";
import { withResponder } from "../with-responder.ts";
import { action, rule } from "./rules.ts";

/** Sets the label `seen`. */
function see(seen: string, more: object = {}): object {
  return action("kubernetes:label", { labels: { seen } }, more);
}

/** Fails for a pod without labels. */
const CUT_OFF = "kubernetes:networkpolicy";
/** More than the API lets a pod's annotations have, which it refuses for good. */
const TOO_LONG = { annotations: { long: "x".repeat(256 * 1024) } };

const RULES = [
  rule("Two", [see("first"), see("second")]),
  rule("Two the other way round", [see("second"), see("first")]),
  rule("Mark, cut off and quarantine", [
    action("kubernetes:annotation", { annotations: { seen: "yes" } }),
    action(CUT_OFF),
    action("kubernetes:quarantine"),
  ]),
  rule("Mark and terminate", [see("before"), action("kubernetes:terminate"), see("after")]),
  rule("Terminate, then mark", [action("kubernetes:terminate", {}, { continue: true }), see("after")]),
  rule("Stop after the first", [see("first", { continue: false }), see("second")]),
  rule("Fail, then mark", [action(CUT_OFF), see("after")]),
  rule("Fail, never mind, then mark", [action(CUT_OFF, {}, { ignore_errors: true }), see("after")]),
  rule("Be refused, then mark", [action("kubernetes:annotation", TOO_LONG), see("after")]),
  rule("Be refused, never mind, then mark", [
    action("kubernetes:annotation", TOO_LONG, { ignore_errors: true }),
    see("after"),
  ]),
  { ...rule("First of two rules", [action(CUT_OFF), see("never")]), match: { rules: ["Two rules"] } },
  { ...rule("Second of two rules", [see("by-the-second")]), match: { rules: ["Two rules"] } },
  { ...rule("Last of its kind", [see("by-the-first")], { continue: false }), match: { rules: ["One rule only"] } },
  { ...rule("Not reached", [see("by-the-second")]), match: { rules: ["One rule only"] } },
];

describe("several actions, against a real API", () => {
  const stage = withResponder({ namespace: "in-order", rules: JSON.stringify(RULES) });

  it("are taken in the rule's order", async () => {
    const pod = await stage.pods.createPod("order");
    assert.equal((await stage.alarm("Two", pod)).outcome, "done");
    assert.equal(await seenOn(pod), "second");
    assert.equal((await stage.alarm("Two the other way round", pod)).outcome, "done");
    assert.equal(await seenOn(pod), "first");
  });

  it("each find what the one before has done", async () => {
    const [pod] = await stage.pods.createWorkload("Deployment", "one-after-the-other", 1);
    const { outcome, said } = await stage.alarm("Mark, cut off and quarantine", pod);
    assert.equal(outcome, "done", said);
    assert.match(said, /annotations: got seen=yes; network policy .* reach nothing; .* is in quarantine/);
    const { metadata } = await stage.pods.read(pod);
    assert.equal(metadata.annotations?.["seen"], "yes");
    assert.deepEqual(metadata.labels, { "response-engine.io/quarantine": pod.metadata.uid });
    // the labels that the policy selects are those that the clean replica has, too
    const [clean] = await stage.pods.podsOf("one-after-the-other", 1);
    assert.notEqual(clean.metadata.uid, pod.metadata.uid);
    assert.deepEqual(
      (await policies()).map((name) => name.replace(/-[0-9a-f]{8}$/, "")),
      [`quarantine-${pod.metadata.uid}`, `response-${pod.metadata.ownerReferences?.[0]?.name ?? ""}`],
    );
  });

  it("end with one that lets none follow, by its own nature or by the rule", async () => {
    const pod = await stage.pods.createPod("terminated");
    const { outcome, said } = await stage.alarm("Mark and terminate", pod);
    assert.equal(outcome, "terminated");
    assert.match(said, /got seen=before; terminated pod/);
    assert.doesNotMatch(said, /after/);
    await stage.pods.untilGone(pod);

    const other = await stage.pods.createPod("stopped");
    assert.equal((await stage.alarm("Stop after the first", other)).outcome, "done");
    assert.equal(await seenOn(other), "first");
  });

  it("go on after one that ends them by nature where the rule says so", async () => {
    const pod = await stage.pods.createPod("terminated-first");
    const { outcome, said } = await stage.alarm("Terminate, then mark", pod);
    assert.equal(outcome, "terminated");
    assert.match(said, /terminated pod .*; .*in-order\/terminated-first/);
    await stage.pods.untilGone(pod);
  });

  for (const [rule, what] of [
    ["Fail", "can't be done"],
    ["Be refused", "the API refuses"],
  ] as const) {
    it(`end with one that ${what}, and go on where the rule doesn't mind`, async () => {
      const name = rule.toLowerCase().replace(" ", "-");
      const [pod, other] = [await stage.pods.createPod(name), await stage.pods.createPod(`${name}-never-mind`)];
      const { status, outcome } = await stage.alarm(`${rule}, then mark`, pod);
      assert.deepEqual({ status, outcome }, { status: 200, outcome: "failed" });
      assert.equal(await seenOn(pod), undefined);

      const { said } = await stage.alarm(`${rule}, never mind, then mark`, other);
      assert.match(said, /got seen=after/);
      assert.equal(await seenOn(other), "after");
    });
  }

  it("of several rules are all taken, whatever became of the first rule's", async () => {
    const pod = await stage.pods.createPod("two-rules");
    assert.equal((await stage.alarm("Two rules", pod)).outcome, "failed");
    assert.equal(await seenOn(pod), "by-the-second");
  });

  it("of a rule are not taken where the one before lets none follow", async () => {
    const pod = await stage.pods.createPod("one-rule");
    assert.equal((await stage.alarm("One rule only", pod)).outcome, "done");
    assert.equal(await seenOn(pod), "by-the-first");
  });

  it("are taken once for an alert that is delivered three times at once", async () => {
    const pod = await stage.pods.createPod("three-times");
    const fields = { ...nameOf(pod), "k8s.pod.uid": pod.metadata.uid };
    const uuid = "0e7a3f0e-5b6c-4e0b-9a51-1d0d5b0c7f0a";
    const replies = await Promise.all([1, 2, 3].map(() => stage.deliver("Two", fields, { uuid })));
    assert.deepEqual(
      replies.map(({ outcome }) => outcome),
      ["done", "done", "done"],
    );
    const logged = await loggedOf(stage.responder, uuid, 3);
    assert.deepEqual(logged.map((line) => line["outcome"]).sort(), ["done", "duplicate", "duplicate"]);
  });

  async function seenOn(pod: Pod): Promise<string | undefined> {
    return (await stage.pods.read(pod)).metadata.labels?.["seen"];
  }

  async function policies(): Promise<string[]> {
    const { items } = await stage.cluster.api.demand<{ items: { metadata: { name: string } }[] }>(
      "GET",
      `/apis/networking.k8s.io/v1/namespaces/${stage.pods.namespace}/networkpolicies`,
    );
    return items.map(({ metadata }) => metadata.name).sort();
  }
});
