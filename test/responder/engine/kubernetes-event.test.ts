import assert from "node:assert/strict";
import type { Outcome, Step } from "../../../responder/actions/outcome.ts";
import { writeEvent, type KubernetesEvent } from "../../../responder/engine/kubernetes-event.ts";
import { apiError, cluster, POD_UID } from "../fixtures.ts";
import { quietly } from "../quietly.ts";
import { ruleRun } from "./given.ts";

const step = (outcome: Outcome, message = "kept the log"): Step => ({
  rule: "Keep the log",
  action: "Log",
  actionner: "kubernetes:log",
  outcome,
  message,
});

describe("a Kubernetes Event of what was done", () => {
  const logged = quietly();
  const written = async (...steps: Step[]) => {
    const on = cluster({});
    await writeEvent(on, ruleRun(), steps);
    return on.calls[0]?.body as KubernetesEvent & { involvedObject: { uid?: string } };
  };

  it("tells of all of a rule's actions, on the pod", async () => {
    const { type, reason, message, involvedObject, metadata } = await written(
      step("done"),
      step("terminated", "terminated pod default/alpine"),
    );
    assert.deepEqual(
      { type, reason, message },
      {
        type: "Warning",
        reason: "Responded",
        message: 'Falco rule "Terminal shell in container": kept the log; terminated pod default/alpine',
      },
    );
    assert.equal(involvedObject.uid, POD_UID);
    assert.equal(metadata.annotations, undefined);
  });

  it("is one of its own each time", async () => {
    const [one, other] = [await written(step("done")), await written(step("done"))];
    assert.notEqual(one.metadata.name, other.metadata.name);
  });

  it("says where an action failed", async () => {
    assert.equal((await written(step("done"), step("failed"))).reason, "ResponseFailed");
  });

  it("is cut to what the API takes, and holds nothing that a terminal obeys", async () => {
    for (const text of ["x".repeat(2000), "é".repeat(2000), "\u001b[2J\n\u202e".repeat(2000)]) {
      const { message = "" } = await written(step("done", text));
      assert.ok(Buffer.byteLength(message) <= 1024 && message.length > 300);
      assert.doesNotMatch(message, /[\p{Cc}\p{Cf}]/u);
    }
  });

  it("changes nothing where it can't be written, but for a line of the log", async () => {
    const on = cluster({
      createEvent: () => {
        throw apiError(403, "no events for you");
      },
    });
    await writeEvent(on, ruleRun(), [step("done")]);
    const [line, ...more] = logged;
    assert.deepEqual(more, []);
    const { level, message, subject, reason } = JSON.parse(line ?? "") as Record<string, unknown>;
    assert.deepEqual(
      { level, message, subject, reason },
      {
        level: "warning",
        message: "no Kubernetes Event",
        subject: "pod default/alpine",
        reason: "no events for you",
      },
    );
  });
});
