import assert from "node:assert/strict";
import type { CloudEvent } from "cloudevents";
import { Progress } from "../../../responder/engine/progress.ts";
import { OutputError, type OutputSink } from "../../../responder/outputs/broker.ts";
import type { OutputData } from "../../../responder/outputs/output-event.ts";
import { apiError, cluster, TERMINATE, unreachable } from "../fixtures.ts";
import { quietly } from "../quietly.ts";
import { APP, responseOf, verbs, type FakeCluster } from "./given.ts";

const LOG_THEN_TERMINATE = `
- rule: Keep and end
  actions:
    - {action: Keep, actionner: "kubernetes:log", output: {target: "aws:s3", parameters: {bucket: b}}}
    - {action: End, actionner: "kubernetes:terminate"}
`;
const EXEC = '- rule: R\n  actions: [{action: E, actionner: "kubernetes:exec", parameters: {command: ls}}]';
const busy = () => new OutputError("the Broker did not take it: it answered 503", false);
const tooLarge = () => new OutputError("the Broker did not take it: it answered 413", true);

/** A Broker whose events stand among the calls of the API. */
function broker(on: FakeCluster) {
  const events: CloudEvent<OutputData>[] = [];
  const sink: OutputSink = (event) => {
    on.calls.push({ verb: "sink", name: event.type });
    events.push(event as CloudEvent<OutputData>);
    return Promise.resolve();
  };
  return { sink, events };
}

describe("an action's output", () => {
  const logged = quietly();

  it("is with the Broker before the next action runs", async () => {
    const on = cluster({ pod: APP, log: () => "a\n" });
    const { sink, events } = broker(on);
    await responseOf(on, LOG_THEN_TERMINATE, { sink });
    assert.deepEqual(verbs(on), ["get", "log", "get metadata", "sink", "delete"]);
    const [event, ...more] = events;
    assert.deepEqual(more, [], "terminate gives none");
    assert.equal(event?.data?.output, "a\n");
    assert.equal(event.data.action, "Keep");
    assert.deepEqual(event.data.target, { target: "aws:s3", parameters: { bucket: "b" } });
  });

  it("that the Broker doesn't take now is for later, and the next action is not run", async () => {
    const on = cluster({ pod: APP, log: () => "a\n" });
    await assert.rejects(responseOf(on, LOG_THEN_TERMINATE, { sink: () => Promise.reject(busy()) }), {
      name: "RetryLater",
      message: "the Broker did not take it: it answered 503",
      apiErrors: [],
    });
    assert.deepEqual(verbs(on), ["get", "log", "get metadata"]);
  });

  it("that the Broker never takes is missed, which people must see, and the rule goes on", async () => {
    const on = cluster({ pod: APP, log: () => "a\n" });
    const told = await responseOf(on, LOG_THEN_TERMINATE, { sink: () => Promise.reject(tooLarge()) });
    assert.deepEqual(verbs(on), ["get", "log", "get metadata", "delete"]);
    assert.equal(told.outcome, "terminated");
    assert.equal(told.response.priority, "Warning");
    assert.equal(told.steps[0]?.shortcoming, true);
    assert.match(told.steps[0].message, /; its output is in this response alone: the Broker did not take it.* 413$/);
  });

  it("that the Broker doesn't take now holds nothing up where the rule ignores errors", async () => {
    const on = cluster({ pod: APP, log: () => "a\n" });
    const ignoring = LOG_THEN_TERMINATE.replace("action: Keep,", "action: Keep, ignore_errors: true,");
    const { response } = await responseOf(on, ignoring, { sink: () => Promise.reject(busy()) });
    assert.deepEqual(verbs(on), ["get", "log", "get metadata", "delete"]);
    assert.equal(response.priority, "Warning");
  });

  it("that can't be sent for a fault of ours is no reason to try again: it is missed, and the log says where", async () => {
    const on = cluster({ pod: APP, log: () => "a\n" });
    const sink = () => Promise.reject(new TypeError("a bug"));
    const { outcome, steps } = await responseOf(on, LOG_THEN_TERMINATE, { sink });
    assert.equal(outcome, "terminated");
    assert.equal(steps[0]?.shortcoming, true);
    assert.match(steps[0].message, /a defect of the responder, which its log shows \(TypeError: a bug\)/);
    assert.match(logged.join(""), /"defect".*TypeError: a bug/);
  });

  it("of a failed action is with the Broker too", async () => {
    const on = cluster({
      pod: APP,
      exec: () => ({ output: "partly", truncated: false, failure: "it ended with exit code 1" }),
    });
    const { sink, events } = broker(on);
    const { outcome, response } = await responseOf(on, EXEC, { sink });
    assert.equal(outcome, "failed");
    assert.equal(events[0]?.data?.output, "partly");
    assert.equal(response.output_fields["response.output"], "partly");
  });

  it("that is empty goes nowhere", async () => {
    const on = cluster({ pod: APP, log: () => "" });
    const { sink, events } = broker(on);
    const { response } = await responseOf(on, LOG_THEN_TERMINATE, { sink });
    assert.deepEqual([events, response.output_fields["response.output"]], [[], undefined]);
  });

  it("is in the response alone where there is no Broker", async () => {
    const on = cluster({ pod: APP, log: () => "a\nb\n" });
    const { outcome, response } = await responseOf(on, LOG_THEN_TERMINATE);
    assert.equal(outcome, "terminated");
    assert.equal(response.priority, "Notice");
    assert.equal(response.output_fields["response.output"], "a\nb\n");
    assert.deepEqual(verbs(on), ["get", "log", "get metadata", "delete"]);
  });
});

describe("ignore_errors", () => {
  quietly();
  const ignoring = `
- rule: Mark and end
  actions:
    - {action: Mark, actionner: "kubernetes:label", ignore_errors: true, parameters: {labels: {seen: "yes"}}}
    - {action: End, actionner: "kubernetes:terminate"}
`;
  const failures: [string, () => Error][] = [
    ["no answer", () => unreachable()],
    ...[400, 401, 403, 408, 409, 410, 422, 429, 500, 502, 503, 504].map((code): [string, () => Error] => [
      `${code}`,
      () => apiError(code, "no"),
    ]),
    ["a defect of ours", () => new TypeError("a bug")],
  ];
  for (const [what, failure] of failures) {
    it(`holds for ${what}: the next action runs, and the failure is told one priority higher`, async () => {
      const on = cluster({
        patch: () => {
          throw failure();
        },
      });
      const { outcome, steps, response } = await responseOf(on, ignoring);
      assert.deepEqual(verbs(on), ["patch", "delete"]);
      assert.deepEqual(
        steps.map((step) => step.outcome),
        ["failed", "terminated"],
      );
      assert.equal(outcome, "failed");
      assert.equal(response.priority, "Warning");
      assert.match(response.output, /kubernetes:label .*; terminated pod default\/alpine/);
    });
  }
});

describe("an alert that comes again", () => {
  const twice = async (on: FakeCluster, yaml: string, more: { sink?: OutputSink } = {}) => {
    const progress = new Progress();
    await assert.rejects(responseOf(on, yaml, { progress, ...more }), { name: "RetryLater" });
    return await responseOf(on, yaml, { progress, ...more });
  };

  it("finds done what was done for it, and answers as if it had been done now", async () => {
    let down = true;
    const on = cluster({
      pod: APP,
      log: () => "a\n",
      remove: () => {
        if (down) throw apiError(503, "down");
      },
    });
    const { sink, events } = broker(on);
    const progress = new Progress();
    await assert.rejects(responseOf(on, LOG_THEN_TERMINATE, { progress, sink }), { name: "RetryLater" });
    down = false;
    const { outcome, steps, response } = await responseOf(on, LOG_THEN_TERMINATE, { progress, sink });
    assert.deepEqual(verbs(on), ["get", "log", "get metadata", "sink", "delete", "delete"]);
    assert.equal(events.length, 1, "the output is sent once");
    assert.equal(outcome, "terminated");
    assert.equal(steps.length, 2);
    assert.equal(response.output_fields["response.output"], "a\n");
  });

  it("hands on what an earlier delivery could not, without running the action again", async () => {
    const on = cluster({ pod: APP, exec: () => ({ output: "found\n", truncated: false }) });
    const { sink, events } = broker(on);
    let times = 0;
    const { outcome } = await twice(on, EXEC, {
      sink: (event) => (times++ === 0 ? Promise.reject(busy()) : sink(event)),
    });
    assert.equal(outcome, "done");
    assert.equal(verbs(on).filter((verb) => verb === "exec").length, 1);
    assert.equal(events[0]?.data?.output, "found\n");
  });

  it("runs again what did nothing", async () => {
    let times = 0;
    const on = cluster({
      remove: () => {
        if (times++ === 0) throw apiError(503, "down");
      },
    });
    assert.equal((await twice(on, TERMINATE)).outcome, "terminated");
    assert.deepEqual(verbs(on), ["delete", "delete"]);
  });

  it("runs a command once that failed after it had begun, however often the alert comes", async () => {
    let times = 0;
    const on = cluster({
      pod: APP,
      exec: () => ({ output: "partly", truncated: false, failure: "it ended with exit code 1" }),
      remove: () => {
        if (times++ === 0) throw apiError(503, "down");
      },
    });
    const yaml = `
- rule: R
  actions:
    - {action: E, actionner: "kubernetes:exec", parameters: {command: ls}, continue: true, ignore_errors: true}
    - {action: T, actionner: "kubernetes:terminate"}
`;
    const { steps } = await twice(on, yaml);
    assert.equal(verbs(on).filter((verb) => verb === "exec").length, 1);
    assert.deepEqual(
      steps.map(({ outcome }) => outcome),
      ["failed", "terminated"],
    );
  });
});
