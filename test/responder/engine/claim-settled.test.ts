import assert from "node:assert/strict";
import type { Outcome, Step } from "../../../responder/actions/outcome.ts";
import { claim, giveBack, settleClaim, type Claim } from "../../../responder/engine/claim.ts";
import type { KubernetesEvent } from "../../../responder/engine/kubernetes-event.ts";
import { apiError, cluster } from "../fixtures.ts";
import { quietly } from "../quietly.ts";
import { ruleRun } from "./given.ts";

const WINDOW = 60;
const CLAIMED_FOR = "response-engine.io/alert";

/** A cluster that keeps Events as the API does: a name once, merge patches, and null removes. */
function keeping() {
  const events = new Map<string, KubernetesEvent>();
  const there = (name = ""): KubernetesEvent => {
    const known = events.get(name);
    if (!known) throw apiError(404, "not found");
    return known;
  };
  const on = cluster({});
  on.create = (_at, body) => {
    const event = body as KubernetesEvent;
    if (events.has(event.metadata.name)) return Promise.reject(apiError(409, "already exists"));
    events.set(event.metadata.name, event);
    return Promise.resolve(event);
  };
  on.get = ({ name }) => Promise.resolve().then(() => there(name) as never);
  on.patch = ({ name = "" }, body) =>
    Promise.resolve().then(() => {
      const { metadata, ...rest } = body as Partial<KubernetesEvent>;
      const known = there(name);
      const merged: Record<string, string | null> = { ...known.metadata.annotations, ...metadata?.annotations };
      const annotations = Object.fromEntries(
        Object.entries(merged).flatMap(([key, value]) => (value === null ? [] : [[key, value] as const])),
      );
      const patched = { ...known, ...rest, metadata: { ...known.metadata, annotations } };
      events.set(name, patched);
      return patched as never;
    });
  return { on, events };
}

const step = (outcome: Outcome, message = "kept the log"): Step => ({
  rule: "Keep the log",
  action: "Log",
  actionner: "kubernetes:log",
  outcome,
  message,
});
const CLAIM: Claim = { name: "response-x", done: new Set() };

describe("what became of a claim", () => {
  const logged = quietly();

  it("takes the place of what the claim said", async () => {
    const on = cluster({});
    await settleClaim(on, ruleRun(), CLAIM, [step("done")]);
    assert.deepEqual(on.calls, [
      {
        verb: "patch event",
        name: "response-x",
        body: {
          type: "Warning",
          reason: "Responded",
          message: 'Falco rule "Terminal shell in container": kept the log',
        },
      },
    ]);
  });

  it("is that an action failed: the claim is given up", async () => {
    const on = cluster({});
    await settleClaim(on, ruleRun(), CLAIM, [step("done"), step("failed", "no log")]);
    assert.deepEqual(on.calls[0]?.body, {
      type: "Warning",
      reason: "ResponseFailed",
      message: 'Falco rule "Terminal shell in container": kept the log; no log',
      metadata: { annotations: { [CLAIMED_FOR]: null } },
    });
  });

  it("is told of the claim as it was made, never over that of another alert after its window", async () => {
    const on = cluster({});
    const claimed: Claim = { ...CLAIM, version: "7" };
    await settleClaim(on, ruleRun(), claimed, [step("done")]);
    await giveBack(on, ruleRun(), claimed, [0]);
    const versions = on.calls.map(
      ({ body }) => (body as { metadata: { resourceVersion: string } }).metadata.resourceVersion,
    );
    assert.deepEqual(versions, ["7", "7"]);
  });

  it("is told nowhere where there is none", async () => {
    const on = cluster({});
    const none: Claim = { name: undefined, done: new Set() };
    await settleClaim(on, ruleRun(), none, [step("done")]);
    await giveBack(on, ruleRun(), none, []);
    assert.deepEqual(on.calls, []);
  });

  it("changes nothing where it can't be told, but for a line of the log", async () => {
    const on = cluster({
      patchEvent: () => {
        throw apiError(403, "no events for you");
      },
    });
    await settleClaim(on, ruleRun(), CLAIM, [step("done")]);
    await giveBack(on, ruleRun(), CLAIM, [0]);
    assert.equal(logged.length, 2);
    for (const line of logged) assert.match(line, /"no Kubernetes Event".*"no events for you"/);
  });

  it("decides who is next: held while it is done, free again where it failed", async () => {
    const { on, events } = keeping();
    const by = (key: string) => claim(on, ruleRun({}, { key }), WINDOW);
    const one = await by("alert-1");
    assert.ok(one);
    assert.equal(await by("alert-2"), undefined);
    await settleClaim(on, ruleRun(), one, [step("done")]);
    assert.equal(await by("alert-2"), undefined, "what is done is not done again");
    assert.deepEqual(await by("alert-1"), one, "a redelivery is answered");
    await settleClaim(on, ruleRun(), one, [step("failed")]);
    assert.equal((await by("alert-2"))?.name, one.name, "what failed may be tried again");
    assert.equal(await by("alert-3"), undefined);
    assert.equal(events.size, 1);
    assert.equal(events.get(one.name ?? "")?.count, 2);
  });

  it("is remembered across replicas where the work was put off, and the claim is anybody's meanwhile", async () => {
    const { on } = keeping();
    const by = (key: string) => claim(on, ruleRun({}, { key }), WINDOW);
    const one = await by("alert-1");
    assert.ok(one);
    await giveBack(on, ruleRun(), one, [0, 1]);
    assert.deepEqual((await by("alert-1"))?.done, new Set([0, 1]));
    await giveBack(on, ruleRun(), one, [0, 1]);
    assert.deepEqual((await by("alert-2"))?.done, new Set());
  });
});
