import assert from "node:assert/strict";
import { readPayload } from "../../../lab/falcosidekick.ts";
import { contradictions } from "../../../lab/scenes/expectation.ts";
import { NO_RULES } from "../../../lab/scenes/limits.ts";
import { recordedScene, type Step } from "../../../lab/scenes/recorded.ts";

describe("an end that is written out", () => {
  const judge = (step: Step, outcome: string | undefined, gone: [namespace: string, name: string][]): string[] => {
    const alert = readPayload(step.alert);
    assert.ok(typeof alert === "object");
    const pods = gone.map(([namespace, name]) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { namespace, name, uid: name, resourceVersion: "1", creationTimestamp: "" },
    }));
    return contradictions(step, { alert, outcome, before: pods, gone: pods, changes: [] }, NO_RULES);
  };

  it("is met by just those pods gone and that outcome", async () => {
    const [shell] = (await recordedScene(true)).steps;
    assert.ok(shell);
    assert.deepEqual(judge(shell, "terminated", [["default", "alpine"]]), []);
    assert.deepEqual(judge(shell, "terminated", [["shop", "alpine"]]), [
      "default/alpine is there, and had to go",
      "shop/alpine is gone, and had to stay",
    ]);
    assert.deepEqual(judge(shell, "gone", [["default", "alpine"]]), ["it ended as gone, and had to end as terminated"]);
  });

  it("can be that the alert never comes to the responder", async () => {
    const quiet = (await recordedScene(true)).steps.find(({ outcome }) => outcome === "not delivered");
    assert.ok(quiet);
    assert.deepEqual(judge(quiet, undefined, []), []);
    assert.deepEqual(judge(quiet, "no-match", []), ["it ended as no-match, and had to end as not delivered"]);
  });

  it("is there for every recorded alert by the default rules, and for none by others", async () => {
    assert.ok((await recordedScene(true)).steps.every(({ goes, outcome }) => goes && outcome));
    assert.ok((await recordedScene(false)).steps.every(({ goes, outcome }) => !goes && !outcome));
  });
});
