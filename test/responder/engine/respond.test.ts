import assert from "node:assert/strict";
import { rulesFor } from "../../../responder/rules/answering.ts";
import { RetryLater } from "../../../responder/engine/engine.ts";
import { respond } from "../../../responder/engine/respond.ts";
import { RESPONSE_EVENT_SOURCE } from "../../../responder/events.ts";
import { alert, apiError, cluster, POD_UID, rules, TERMINATE, unreachable } from "../fixtures.ts";
import { quietly } from "../quietly.ts";
import { engineOf, failing, responseOf } from "./given.ts";

const terminating = (on: ReturnType<typeof cluster>) => respond(alert(), "key", engineOf(on, TERMINATE));

describe("an alert's response", () => {
  const logged = quietly();

  it("says what was done, to people and to falcosidekick", async () => {
    const { outcome, response } = await responseOf(cluster({}), TERMINATE);
    assert.equal(outcome, "terminated");
    const { time, ...payload } = response;
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
    const verdict = await respond(alert({}, { rule: "Other" }), "key", engineOf(on, TERMINATE));
    assert.deepEqual(verdict, { outcome: "no-match" });
    assert.deepEqual(on.calls, []);
  });

  it("is none to a response that comes back as an alert, whatever the rules", async () => {
    const everything = '- rule: All\n  actions: [{action: T, actionner: "kubernetes:terminate"}]';
    const own = alert({}, { source: RESPONSE_EVENT_SOURCE });
    assert.equal((await respond(own, "key", engineOf(cluster({}), everything))).outcome, "no-match");
    assert.equal((await respond(alert(), "key", engineOf(cluster({}), everything))).outcome, "terminated");
  });

  it("is settled without a call where the alert names no pod", async () => {
    const on = cluster({});
    const host = alert({ "k8s.ns.name": null, "k8s.pod.name": "<NA>", "container.id": "host" });
    assert.equal((await responseOf(on, TERMINATE, {}, host)).outcome, "no-pod");
    assert.deepEqual(on.calls, []);
  });

  it("to a container whose pod Falco could not name is a failure, one priority higher, without a call", async () => {
    const on = cluster({});
    const { outcome, response } = await responseOf(on, TERMINATE, {}, alert({ "k8s.pod.name": "<NA>" }));
    assert.equal(outcome, "failed");
    assert.equal(response.priority, "Warning");
    assert.match(response.output, /could not name the pod of container 3ad7b26ded6d/);
    assert.deepEqual(on.calls, []);
  });

  for (const name of ["..", ".", "a/b", "%2e%2e", "UPPER", "nul\0", "x".repeat(4096)]) {
    it(`to a pod called ${JSON.stringify(name.slice(0, 8))} is a failure, and nothing is asked of the API`, async () => {
      const on = cluster({});
      const all = { events: true, deduplicationSeconds: 60 };
      const { outcome, response } = await responseOf(on, TERMINATE, all, alert({ "k8s.pod.name": name }));
      assert.equal(outcome, "failed");
      assert.equal(response.priority, "Warning");
      assert.match(response.output, /nothing was done: the alert's k8s\.pod\.name/);
      assert.ok(Buffer.byteLength(response.output) < 1024);
      assert.deepEqual(on.calls, []);
    });
  }

  it("leaves a protected namespace alone, without a call, and says so", async () => {
    const on = cluster({});
    const { outcome, response } = await responseOf(on, TERMINATE, { protectedNamespaces: new Set(["default"]) });
    assert.equal(outcome, "ignored");
    assert.match(response.output, /namespace is protected/);
    assert.deepEqual(on.calls, []);
  });

  it("of a dry run says what would be done, without a call", async () => {
    const on = cluster({});
    const { outcome, response } = await responseOf(on, `${TERMINATE}  dry_run: true`);
    assert.equal(outcome, "dry-run");
    assert.match(response.output, /would have been run on pod default\/alpine/);
    assert.deepEqual(on.calls, []);
  });

  for (const code of [403, 422, 400]) {
    it(`reports that the API refused with ${code}, one priority higher`, async () => {
      const { outcome, response, apiErrors } = await responseOf(failing(code), TERMINATE);
      assert.equal(outcome, "failed");
      assert.equal(response.priority, "Warning");
      assert.match(response.output, /refused by the API: because/);
      assert.deepEqual(
        apiErrors.map((error) => [error.code, error.message]),
        [[code, "because"]],
      );
    });
  }

  for (const code of [401, 408, 409, 410, 429, 500, 503, 504]) {
    it(`is for later where the API answers ${code}`, async () => {
      await assert.rejects(terminating(failing(code)), RetryLater);
    });
  }

  it("is for later where nothing answers", async () => {
    const down = cluster({
      remove: () => {
        throw unreachable();
      },
    });
    await assert.rejects(terminating(down), {
      name: "RetryLater",
      message: "kubernetes:terminate can't be done now: connect ECONNREFUSED",
    });
  });

  it("tells a defect of ours as a failure that asking again can't mend, and logs where it is", async () => {
    const broken = cluster({
      remove: () => {
        throw new TypeError("x is not a function");
      },
    });
    const { outcome, response } = await responseOf(broken, TERMINATE);
    assert.equal(outcome, "failed");
    assert.equal(response.priority, "Warning");
    assert.match(response.output, /kubernetes:terminate failed: a defect of the responder.*x is not a function/);
    const [line, ...more] = logged.map((one) => JSON.parse(one) as Record<string, string>);
    assert.deepEqual(more, []);
    assert.equal(line?.["message"], "defect");
    assert.match(line["reason"] ?? "", /TypeError: x is not a function\n\s+at /);
  });

  it("hands on how long the API asks to wait", async () => {
    const busy = cluster({
      remove: () => {
        throw apiError(429, "slow down", 7);
      },
    });
    await assert.rejects(
      terminating(busy),
      (error) => error instanceof RetryLater && error.apiErrors[0]?.retryAfter === 7,
    );
  });

  it("of several rules is told by the outcome that people have to see most", async () => {
    const on = cluster({ patch: () => assert.fail("unused") });
    const two = `
- rule: Delete
  actions: [{action: D, actionner: "kubernetes:delete", parameters: {resources: [configmaps]}}]
${TERMINATE}`;
    const { outcome, steps } = await responseOf(on, two);
    assert.deepEqual(
      steps.map((step) => step.outcome),
      ["no-pod", "terminated"],
    );
    assert.equal(outcome, "terminated");
  });
});

describe("the rules that answer an alert", () => {
  const two = (first: string) =>
    rules(`
- rule: One
  ${first}
  actions: [{action: T, actionner: "kubernetes:terminate"}]
- rule: Two
  actions: [{action: T, actionner: "kubernetes:terminate"}]
`);

  it("are all that match, in order", () => {
    assert.deepEqual(
      rulesFor(alert(), two("continue: true")).map(({ name }) => name),
      ["One", "Two"],
    );
  });

  it("end with the first that lets none follow", () => {
    assert.deepEqual(
      rulesFor(alert(), two("continue: false")).map(({ name }) => name),
      ["One"],
    );
  });

  it("go on past a rule that lets none follow but does not match", () => {
    assert.deepEqual(
      rulesFor(alert(), two("continue: false\n  match: {source: x}")).map(({ name }) => name),
      ["Two"],
    );
  });
});
