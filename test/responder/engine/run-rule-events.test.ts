import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { Progress } from "../../../responder/engine/progress.ts";
import { alert, apiError, cluster, TERMINATE, type Answers } from "../fixtures.ts";
import { quietly } from "../quietly.ts";
import { APP, responseOf, verbs, type FakeCluster } from "./given.ts";

describe("Kubernetes Events", () => {
  quietly();
  const told = (on: FakeCluster) =>
    on.calls.filter(({ verb }) => verb === "create event").map(({ body }) => (body as { message: string }).message);
  const CORDON = '- rule: R\n  actions: [{action: C, actionner: "kubernetes:cordon"}]';
  const events = { events: true };

  it("tell what was done after it was", async () => {
    const on = cluster({});
    const { steps } = await responseOf(on, TERMINATE, events);
    await turn();
    assert.deepEqual(verbs(on), ["delete", "create event"]);
    assert.deepEqual(told(on), [`Falco rule "Terminal shell in container": ${steps[0]?.message}`]);
  });

  it("are not waited for", async () => {
    const on = cluster({});
    const slow = Promise.withResolvers<undefined>();
    const create = on.create.bind(on);
    on.create = async (at, body) => {
      await slow.promise;
      return await create(at, body);
    };
    await responseOf(on, TERMINATE, events);
    assert.deepEqual(told(on), []);
    slow.resolve(undefined);
    await turn();
    assert.equal(told(on).length, 1);
  });

  it("tell of all the actions of a rule at once, and of each rule by itself", async () => {
    const two =
      '- rule: R\n  actions: [{action: C, actionner: "kubernetes:cordon"}, {action: T, actionner: "kubernetes:terminate"}]';
    const on = cluster({ pod: APP });
    const { steps } = await responseOf(on, `${two}\n${TERMINATE}`, events);
    await turn();
    const [cordoned, terminated, again] = steps.map(({ message }) => message);
    assert.deepEqual(told(on), [
      `Falco rule "Terminal shell in container": ${cordoned}; ${terminated}`,
      `Falco rule "Terminal shell in container": ${again}`,
    ]);
  });

  it("tell once of what was done once, however often the alert comes", async () => {
    let down = true;
    const on = cluster({
      node: () => ({ metadata: { name: "node-1", uid: "node-uid" } }),
      remove: () => {
        if (down) throw apiError(503, "down");
      },
    });
    const yaml = `
- rule: Mark
  actions: [{action: M, actionner: "kubernetes:label", parameters: {labels: {seen: "yes"}}}]
${TERMINATE}`;
    const progress = new Progress();
    await assert.rejects(responseOf(on, yaml, { ...events, progress }), { name: "RetryLater" });
    down = false;
    await responseOf(on, yaml, { ...events, progress });
    await turn();
    assert.equal(told(on).filter((message) => message.includes("seen=yes")).length, 1);
    assert.equal(told(on).length, 2);
  });

  const refusing = (code: number) => () => {
    throw apiError(code, "no");
  };
  const outcomes: [string, string, Answers, boolean][] = [
    ["terminated", TERMINATE, {}, true],
    ["done", CORDON, { pod: APP }, true],
    ["failed", TERMINATE, { remove: refusing(403) }, true],
    ["gone", TERMINATE, { remove: refusing(404) }, false],
    ["replaced", CORDON, { pod: () => ({ metadata: { uid: "another" } }) }, false],
    ["dry-run", `${TERMINATE}  dry_run: true`, {}, false],
  ];
  for (const [outcome, yaml, answers, isTold] of outcomes) {
    it(`tell ${isTold ? "of" : "nothing of"} what is ${outcome}`, async () => {
      const on = cluster(answers);
      assert.equal((await responseOf(on, yaml, events)).outcome, outcome);
      await turn();
      assert.equal(told(on).length, isTold ? 1 : 0);
    });
  }

  it("tell nothing in a protected namespace, nor of an alert without a pod", async () => {
    const on = cluster({});
    await responseOf(on, TERMINATE, { ...events, protectedNamespaces: new Set(["default"]) });
    await responseOf(on, TERMINATE, events, alert({ "k8s.pod.name": null }));
    await turn();
    assert.deepEqual(on.calls, []);
  });

  it("tell nothing where they are not wanted", async () => {
    const on = cluster({});
    await responseOf(on, TERMINATE);
    await turn();
    assert.deepEqual(told(on), []);
  });

  it("that the API refuses change nothing", async () => {
    const on = cluster({ createEvent: refusing(403) });
    const { outcome, apiErrors } = await responseOf(on, TERMINATE, events);
    await turn();
    assert.equal(outcome, "terminated");
    assert.deepEqual(apiErrors, []);
  });
});
