import assert from "node:assert/strict";
import { actionner, podActionner } from "../../../responder/actions/actionner.ts";
import { flag, ParameterError, wholeNumber, type Parameter } from "../../../responder/actions/parameters.ts";
import { alert, cluster, occasion } from "../fixtures.ts";

interface Parameters {
  quick: boolean;
  times: number;
}

const DATA = {
  name: "test:action",
  description: "A test's",
  continue: false,
  repeatable: true,
  givesOutput: false,
  disrupts: 0,
  example: "",
  parameters: {
    quick: flag("Whether it is quick"),
    times: {
      description: "How often",
      allowed: "a number",
      default: 1,
      parse: wholeNumber,
    } satisfies Parameter<number>,
  },
};

const action = actionner<Parameters>({
  ...DATA,
  targets: ["pod", "node"],
  target: ({ quick }) => (quick ? "node" : "pod"),
  permissions: ({ times }) => (times > 1 ? [{ apiGroup: "", resource: "pods", verbs: ["get"] }] : []),
  objection: ({ quick, times }) => (quick && times > 1 ? "quick is once" : undefined),
  run: (_occasion, { quick, times }) => Promise.resolve({ outcome: "done", message: `${quick} ${times}` }),
});

describe("an actionner", () => {
  it("has its parameters read once, and is of the target and needs what they make of it", async () => {
    const prepared = action.prepare({ times: "3" });
    assert.equal(prepared.target, "pod");
    assert.equal(action.prepare({ quick: "true" }).target, "node");
    assert.deepEqual(prepared.permissions, [{ apiGroup: "", resource: "pods", verbs: ["get"] }]);
    assert.equal((await prepared.run(occasion(cluster({})))).message, "false 3");
  });

  it("refuses a parameter that it doesn't have, by whatever name", () => {
    for (const name of ["slow", "constructor", "toString", "__proto__"]) {
      assert.throws(
        () => action.prepare(JSON.parse(`{"${name}": true}`) as Record<string, unknown>),
        new ParameterError(`parameters.${name}: test:action has no such parameter; it has quick, times`),
      );
    }
  });

  it("refuses parameters that don't go together", () => {
    assert.throws(() => action.prepare({ quick: true, times: 2 }), new ParameterError("parameters: quick is once"));
  });

  it("on a pod is given the one that the alert names", async () => {
    const onPod = podActionner<Parameters>({
      ...DATA,
      permissions: () => [],
      run: ({ pod }) => Promise.resolve({ outcome: "done", message: `${pod.namespace}/${pod.name}` }),
    });
    const prepared = onPod.prepare({});
    assert.equal(prepared.target, "pod");
    assert.equal((await prepared.run(occasion(cluster({})))).message, "default/alpine");
    const without = alert({ "k8s.ns.name": null, "k8s.pod.name": null });
    await assert.rejects(prepared.run(occasion(cluster({}), without)), TypeError);
  });
});
