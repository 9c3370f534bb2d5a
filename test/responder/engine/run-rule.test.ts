import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import type { Engine } from "../../../responder/engine/engine.ts";
import { Progress } from "../../../responder/engine/progress.ts";
import { alert, apiError, cluster, TERMINATE, type Answers } from "../fixtures.ts";
import { quietly } from "../quietly.ts";
import { APP, failing, responseOf, verbs } from "./given.ts";

const LOG = '- rule: Keep\n  actions: [{action: L, actionner: "kubernetes:log"}]';

describe("a rule's actions", () => {
  quietly();

  it("run in order, as far as each lets the next", async () => {
    const actions = (flags: string) => `
- rule: R
  actions:
    - {action: A, actionner: "kubernetes:terminate"${flags}}
    - {action: B, actionner: "kubernetes:terminate"}
`;
    const ran = async (flags: string, on = cluster({})) =>
      (await responseOf(on, actions(flags))).steps.map(({ action }) => action).join();
    assert.equal(await ran(""), "A", "terminate lets none follow by default");
    assert.equal(await ran(", continue: true"), "A,B");
    assert.equal(await ran(", continue: true", failing(403)), "A", "a failure ends it");
    assert.equal(await ran(", continue: true, ignore_errors: true", failing(403)), "A,B");
  });
});

describe("a rule that is put off", () => {
  quietly();

  it("keeps no other from its end: the alert comes again for the first, and the pod is gone", async () => {
    const on = cluster({
      pod: APP,
      log: () => {
        throw apiError(503, "the kubelet can't be reached");
      },
    });
    await assert.rejects(responseOf(on, `${LOG}${TERMINATE}`), { name: "RetryLater", message: /kubelet/ });
    assert.deepEqual(verbs(on), ["get", "log", "delete"]);
  });
});

describe("deduplication", () => {
  quietly();
  const window = { deduplicationSeconds: 60 };
  const held = () => ({
    metadata: { name: "response-x", annotations: { "response-engine.io/alert": "another" } },
    involvedObject: {},
    source: { component: "response-engine" },
    lastTimestamp: new Date().toISOString(),
  });
  const taken = (answers: Answers = {}) =>
    cluster({
      pod: APP,
      createEvent: () => {
        throw apiError(409, "already exists");
      },
      event: held,
      ...answers,
    });

  it("leaves to another alert what that has set off within the window, and says so", async () => {
    const on = taken();
    const { outcome, steps, response } = await responseOf(on, LOG, window);
    assert.equal(outcome, "deduplicated");
    const message = "pod default/alpine was left to another alert, less than 60 s ago";
    assert.deepEqual(steps, [
      { rule: "Keep", action: "L", actionner: "kubernetes:log", outcome: "deduplicated", message },
    ]);
    assert.equal(response.output, `Response to "Terminal shell in container": ${message}`);
    assert.equal(response.priority, "Notice");
    assert.equal(response.output_fields["response.outcome"], "deduplicated");
    assert.deepEqual(verbs(on), ["create event", "get event"]);
  });

  it("holds for that rule alone: others answer the same alert", async () => {
    const { outcome, steps } = await responseOf(taken(), `${LOG}\n${TERMINATE}`, window);
    assert.equal(outcome, "terminated");
    assert.deepEqual(
      steps.map((step) => step.outcome),
      ["deduplicated", "terminated"],
    );
  });

  it("claims before it acts, and tells in the claim's Event what came of it, whether or not Events are wanted", async () => {
    for (const events of [true, false]) {
      const on = cluster({ pod: APP });
      await responseOf(on, LOG, { ...window, events });
      await turn();
      assert.deepEqual(verbs(on), ["create event", "get", "log", "get metadata", "patch event"]);
      assert.equal(on.calls[0]?.name, on.calls.at(-1)?.name);
    }
  });

  it("gives the claim up where an action failed", async () => {
    const on = cluster({
      pod: APP,
      log: () => {
        throw apiError(403, "no");
      },
    });
    const { outcome } = await responseOf(on, LOG, window);
    await turn();
    assert.equal(outcome, "failed");
    const { metadata } = on.calls.at(-1)?.body as { metadata: unknown };
    assert.deepEqual(metadata, { annotations: { "response-engine.io/alert": null } });
  });

  it("gives the claim back, before it answers, where the work is put off", async () => {
    const on = cluster({
      pod: APP,
      log: () => {
        throw apiError(503, "down");
      },
    });
    await assert.rejects(responseOf(on, LOG, window), { name: "RetryLater" });
    assert.deepEqual(verbs(on), ["create event", "get", "log", "patch event"]);
    assert.deepEqual(on.calls.at(-1)?.body, {
      metadata: {
        annotations: {
          "response-engine.io/alert": null,
          "response-engine.io/put-off": "key",
          "response-engine.io/done": "",
        },
      },
    });
  });

  const unclaimed: [string, string, Partial<Engine>][] = [
    ["without a window", LOG, { deduplicationSeconds: 0 }],
    ["for a rule whose actions change nothing when they are done again", TERMINATE, window],
    ["for a rule that runs dry", `${LOG}\n  dry_run: true`, window],
    ["in a protected namespace", LOG, { ...window, events: true, protectedNamespaces: new Set(["default"]) }],
  ];
  for (const [where, yaml, more] of unclaimed) {
    it(`claims nothing ${where}`, async () => {
      const on = cluster({ pod: APP });
      await responseOf(on, yaml, more);
      await turn();
      assert.ok(!verbs(on).some((verb) => verb.endsWith("event")));
    });
  }

  it("claims by the first action that touches something, where one before it touches nothing", async () => {
    const yaml = `
- rule: R
  actions:
    - {action: L, actionner: "kubernetes:label", parameters: {labels: {seen: "yes"}}}
    - {action: D, actionner: "kubernetes:drain"}
`;
    const host = alert({ "container.id": "host", "k8s.ns.name": null, "k8s.pod.name": null });
    const made = { metadata: { name: "node-1", uid: "node-uid", creationTimestamp: "2026-11-23T16:31:56Z" } };
    const on = cluster({ node: () => made });
    const { steps } = await responseOf(on, yaml, window, host);
    assert.deepEqual(
      steps.map(({ outcome }) => outcome),
      ["no-pod", "done"],
    );
    assert.deepEqual(verbs(on).slice(0, 3), ["create event", "get node", "patch node"]);
  });

  it("claims nothing where the alert names no pod", async () => {
    const on = cluster({});
    const { outcome } = await responseOf(on, LOG, window, alert({ "k8s.pod.name": null, "container.id": "host" }));
    assert.equal(outcome, "no-pod");
    assert.deepEqual(on.calls, []);
  });
});

describe("what another replica has done for an alert", () => {
  quietly();
  const TWO = `
- rule: Keep and end
  actions:
    - {action: Keep, actionner: "kubernetes:log"}
    - {action: End, actionner: "kubernetes:terminate"}
`;
  const window = { deduplicationSeconds: 60 };
  const putOff = (annotations: Record<string, string>) =>
    cluster({
      pod: APP,
      createEvent: () => {
        throw apiError(409, "already exists");
      },
      event: () => ({ metadata: { name: "response-x", annotations }, involvedObject: {} }),
    });

  it("is left in the claim that it gives back", async () => {
    const on = cluster({
      pod: APP,
      remove: () => {
        throw apiError(503, "down");
      },
    });
    await assert.rejects(responseOf(on, TWO, window), { name: "RetryLater" });
    const { metadata } = on.calls.at(-1)?.body as { metadata: { annotations: Record<string, string> } };
    assert.equal(metadata.annotations["response-engine.io/done"], "0");
  });

  it("is not done again, and is said", async () => {
    const on = putOff({ "response-engine.io/put-off": "key", "response-engine.io/done": "0" });
    const { outcome, steps } = await responseOf(on, TWO, window);
    await turn();
    assert.deepEqual(verbs(on), ["create event", "get event", "patch event", "delete", "patch event"]);
    assert.equal(outcome, "terminated");
    assert.equal(steps[0]?.message, "kubernetes:log was run for an earlier delivery of the alert");
  });

  it("is done all the same where it can be repeated: whoever writes Events keeps no pod alive", async () => {
    const on = putOff({ "response-engine.io/put-off": "key", "response-engine.io/done": "0,1" });
    assert.equal((await responseOf(on, TWO, window)).outcome, "terminated");
  });

  it("is done where it was for another alert, or says nothing that can be read", async () => {
    for (const annotations of [
      { "response-engine.io/put-off": "another", "response-engine.io/done": "0" },
      { "response-engine.io/put-off": "key", "response-engine.io/done": "" },
      { "response-engine.io/put-off": "key", "response-engine.io/done": "x,-1,1e3, 0" },
    ]) {
      const on = putOff(annotations);
      await responseOf(on, TWO, window);
      assert.ok(verbs(on).includes("log"), JSON.stringify(annotations));
    }
  });

  it("is told in the words of the replica that did it, where that is this one", async () => {
    let down = true;
    const annotations = { "response-engine.io/put-off": "key", "response-engine.io/done": "0" };
    const on = cluster({
      pod: APP,
      log: () => "a\n",
      event: () => ({ metadata: { name: "response-x", annotations }, involvedObject: {} }),
      createEvent: () => {
        if (!down) throw apiError(409, "already exists");
      },
      remove: () => {
        if (down) throw apiError(503, "down");
      },
    });
    const progress = new Progress();
    await assert.rejects(responseOf(on, TWO, { ...window, progress }), { name: "RetryLater" });
    down = false;
    const { response } = await responseOf(on, TWO, { ...window, progress });
    assert.equal(verbs(on).filter((verb) => verb === "log").length, 1);
    assert.equal(response.output_fields["response.output"], "a\n");
  });
});
