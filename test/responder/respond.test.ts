import assert from "node:assert/strict";
import { NotNow, respond, rulesFor, type Engine } from "../../responder/respond.ts";
import { RESPONSE_EVENT_SOURCE } from "../../responder/response.ts";
import { alert, apiError, cluster, POD_UID, rules, TERMINATE } from "./fixtures.ts";

function engine(on: ReturnType<typeof cluster>, yaml = TERMINATE, protectedNamespaces: string[] = []): Engine {
  return { rules: rules(yaml), protectedNamespaces: new Set(protectedNamespaces), cluster: on, events: false, deduplicationSeconds: 0 };
}

const failing = (code: number) => cluster({ remove: () => { throw apiError(code, "because"); } });

describe("an alert's response", () => {
  it("says what was done, to people and to falcosidekick", async () => {
    const told = await respond(alert(), "key", engine(cluster({})));
    assert.ok(told.outcome !== "no-match");
    assert.equal(told.outcome, "terminated");
    const { time, ...payload } = told.response;
    assert.ok(Date.parse(time) > 0);
    assert.deepEqual(payload, {
      output: `Response to "Terminal shell in container": terminated pod default/alpine (uid ${POD_UID})`,
      priority: "Notice",
      rule: "Response: Terminate",
      output_fields: {
        "alert.rule": "Terminal shell in container",
        "alert.priority": "Notice",
        "alert.uuid": "ea247b3c-e7c0-4028-a3fe-16de808a4d09",
        "k8s.ns.name": "default",
        "k8s.pod.name": "alpine",
        "k8s.pod.uid": POD_UID,
        "response.action": "Terminate",
        "response.actionner": "kubernetes:terminate",
        "response.outcome": "terminated",
      },
      source: "response",
      tags: ["response"],
      hostname: "node-1",
    });
  });

  it("is none where no rule matches", async () => {
    const on = cluster({});
    assert.deepEqual(await respond(alert({}, { rule: "Other" }), "key", engine(on)), { outcome: "no-match" });
    assert.deepEqual(on.calls, []);
  });

  it("is none to a response that comes back as an alert, whatever the rules", async () => {
    const everything = '- rule: All\n  actions: [{action: T, actionner: "kubernetes:terminate"}]';
    const own = alert({}, { source: RESPONSE_EVENT_SOURCE });
    assert.equal((await respond(own, "key", engine(cluster({}), everything))).outcome, "no-match");
    assert.equal((await respond(alert(), "key", engine(cluster({}), everything))).outcome, "terminated");
  });

  it("is settled without a call where the alert names no pod", async () => {
    const on = cluster({});
    const host = alert({ "k8s.ns.name": null, "k8s.pod.name": "<NA>" });
    assert.equal((await respond(host, "key", engine(on))).outcome, "no-pod");
    assert.deepEqual(on.calls, []);
  });

  it("leaves a protected namespace alone, without a call, and says so", async () => {
    const on = cluster({});
    const told = await respond(alert(), "key", engine(on, TERMINATE, ["default"]));
    assert.equal(told.outcome, "ignored");
    assert.match("response" in told ? told.response.output : "", /namespace is protected/);
    assert.deepEqual(on.calls, []);
  });

  it("of a dry run says what would be done, without a call", async () => {
    const on = cluster({});
    const told = await respond(alert(), "key", engine(on, `${TERMINATE}  dry_run: true`));
    assert.equal(told.outcome, "dry-run");
    assert.match("response" in told ? told.response.output : "", /would have been run on pod default\/alpine/);
    assert.deepEqual(on.calls, []);
  });

  for (const code of [403, 422, 400]) {
    it(`reports that the API refused with ${code}, one priority higher`, async () => {
      const told = await respond(alert(), "key", engine(failing(code)));
      assert.ok(told.outcome === "failed" && "response" in told);
      assert.equal(told.response.priority, "Warning");
      assert.match(told.response.output, /refused by the API: because/);
      assert.deepEqual(told.apiErrors, [{ code, message: "because" }]);
    });
  }

  for (const code of [401, 409, 429, 500, 503, 504]) {
    it(`is not now where the API answers ${code}`, async () => {
      await assert.rejects(respond(alert(), "key", engine(failing(code))), NotNow);
    });
  }

  it("is not now where nothing answers", async () => {
    const down = cluster({ remove: () => { throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") }); } });
    await assert.rejects(respond(alert(), "key", engine(down)), { name: "NotNow", message: "the Kubernetes API can't do it now: fetch failed: connect ECONNREFUSED" });
  });

  it("hands on how long the API asks to wait", async () => {
    const busy = cluster({ remove: () => { throw apiError(429, "slow down", { "retry-after": "7" }); } });
    await assert.rejects(respond(alert(), "key", engine(busy)), (error) => error instanceof NotNow && error.apiErrors[0]?.retryAfter === 7);
  });
});

describe("the rules that answer an alert", () => {
  const two = (first: string) => rules(`
- rule: One
  ${first}
  actions: [{action: T, actionner: "kubernetes:terminate"}]
- rule: Two
  actions: [{action: T, actionner: "kubernetes:terminate"}]
`);

  it("are all that match, in order", () => {
    assert.deepEqual(rulesFor(alert(), two("continue: true")).map(({ name }) => name), ["One", "Two"]);
  });

  it("end with the first that lets none follow", () => {
    assert.deepEqual(rulesFor(alert(), two("continue: false")).map(({ name }) => name), ["One"]);
  });

  it("go on past a rule that lets none follow but does not match", () => {
    assert.deepEqual(rulesFor(alert(), two("continue: false\n  match: {source: x}")).map(({ name }) => name), ["Two"]);
  });

  it("run the actions of one in order, as far as each lets the next", async () => {
    const actions = (flags: string) => `
- rule: R
  actions:
    - {action: A, actionner: "kubernetes:terminate"${flags}}
    - {action: B, actionner: "kubernetes:terminate"}
`;
    const ran = async (flags: string, on = cluster({})) => {
      const told = await respond(alert(), "key", engine(on, actions(flags)));
      return "steps" in told ? told.steps.map(({ action }) => action).join() : "";
    };
    assert.equal(await ran(""), "A", "terminate lets none follow by default");
    assert.equal(await ran(", continue: true"), "A,B");
    assert.equal(await ran(", continue: true", failing(403)), "A", "a failure ends it");
    assert.equal(await ran(", continue: true, ignore_errors: true", failing(403)), "A,B");
  });
});
