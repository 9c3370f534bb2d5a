import assert from "node:assert/strict";
import { subjectOf } from "../../../responder/actions/subject.ts";
import { claim } from "../../../responder/engine/claim.ts";
import type { KubernetesEvent } from "../../../responder/engine/kubernetes-event.ts";
import { alert, apiError, cluster, POD_UID, unreachable, type Answers } from "../fixtures.ts";
import { quietly } from "../quietly.ts";
import { ruleRun, verbs } from "./given.ts";

const WINDOW = 60;
const CLAIMED_FOR = "response-engine.io/alert";

const conflict = () => {
  throw apiError(409, "conflict");
};
const bodyOf = (on: ReturnType<typeof cluster>, verb: string) =>
  on.calls.find((call) => call.verb === verb)?.body as (Partial<KubernetesEvent> & Record<string, unknown>) | undefined;

/** The Event of a claim that another alert made some seconds ago. */
function held(
  secondsAgo: number,
  annotations: Record<string, string> = { [CLAIMED_FOR]: "alert-0" },
  component = "response-engine",
): () => KubernetesEvent {
  const lastTimestamp = new Date(Date.now() - secondsAgo * 1000).toISOString();
  return () => ({
    metadata: { name: "response-x", namespace: "default", resourceVersion: "42", annotations },
    source: { component },
    lastTimestamp,
    count: 3,
  });
}

describe("a claim", () => {
  const logged = quietly();

  it("is an Event on the subject that only one alert can create", async () => {
    const on = cluster({});
    const { name, done } = (await claim(on, ruleRun(), WINDOW)) ?? {};
    assert.match(name ?? "", /^response-[0-9a-f]{32}$/);
    assert.deepEqual(done, new Set());
    assert.deepEqual(verbs(on), ["create event"]);
    const { firstTimestamp, lastTimestamp, ...event } = bodyOf(on, "create event") ?? {};
    assert.ok(Date.now() - Date.parse(String(firstTimestamp)) < 10_000);
    assert.equal(lastTimestamp, firstTimestamp);
    assert.deepEqual(event, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace: "default", annotations: { [CLAIMED_FOR]: "alert-1" } },
      involvedObject: { apiVersion: "v1", kind: "Pod", namespace: "default", name: "alpine", uid: POD_UID },
      type: "Normal",
      reason: "Responding",
      message: 'Falco rule "Terminal shell in container" set off "Keep the log"',
      source: { component: "response-engine" },
      count: 1,
    });
  });

  it("has the same name for the same rule on the same pod, whatever the alert", async () => {
    const [one, other] = await Promise.all([
      claim(cluster({}), ruleRun(), WINDOW),
      claim(
        cluster({}),
        ruleRun({ "container.id": "ffffffffffff" }, { key: "alert-2", alert: "Another Falco rule" }),
        WINDOW,
      ),
    ]);
    assert.equal(one?.name, other?.name);
  });

  it("has another name for another rule, another pod, another pod of the same name, and another container where there is no UID", async () => {
    const runs = [
      ruleRun(),
      ruleRun({}, { rule: "Another" }),
      ruleRun({ "k8s.pod.name": "web-0" }),
      ruleRun({ "k8s.ns.name": "shop" }),
      ruleRun({ "k8s.pod.uid": "another" }),
      ruleRun({ "k8s.pod.uid": null }),
      ruleRun({ "k8s.pod.uid": null, "container.id": "ffffffffffff" }),
    ];
    const claims = await Promise.all(runs.map((one) => claim(cluster({}), one, WINDOW)));
    assert.equal(new Set(claims.map((one) => one?.name)).size, runs.length);
  });

  it("of what is in no namespace is in the one that the API wants it in", async () => {
    const subject = subjectOf(
      alert({ "ka.target.resource": "clusterroles", "ka.target.name": "admin", "ka.target.namespace": "x" }),
      "object",
    );
    assert.ok("reference" in subject);
    const on = cluster({});
    await claim(on, ruleRun({}, { subject }), WINDOW);
    assert.equal(bodyOf(on, "create event")?.metadata?.namespace, "default");
  });

  it("is still an alert's own when it is delivered again", async () => {
    const on = cluster({ createEvent: conflict, event: held(1, { [CLAIMED_FOR]: "alert-1" }) });
    assert.match((await claim(on, ruleRun(), WINDOW))?.name ?? "", /^response-/);
    assert.deepEqual(verbs(on), ["create event", "get event"]);
  });

  it("keeps every other alert away within the window", async () => {
    const on = cluster({ createEvent: conflict, event: held(WINDOW - 2) });
    assert.equal(await claim(on, ruleRun(), WINDOW), undefined);
    assert.deepEqual(verbs(on), ["create event", "get event"]);
  });

  it("keeps them away as long where the API has cut its time to the second", async () => {
    const on = cluster({ createEvent: conflict, event: held(WINDOW + 0.9) });
    assert.equal(await claim(on, ruleRun(), WINDOW), undefined);
  });

  it("goes to another alert after the window, from the version that was read", async () => {
    const on = cluster({ createEvent: conflict, event: held(WINDOW + 1) });
    const claimed = await claim(on, ruleRun(), WINDOW);
    assert.equal(on.calls[2]?.name, claimed?.name);
    const { lastTimestamp, ...patch } = bodyOf(on, "patch event") ?? {};
    assert.ok(Date.now() - Date.parse(lastTimestamp ?? "") < 10_000);
    assert.deepEqual(patch, {
      metadata: { resourceVersion: "42", annotations: { [CLAIMED_FOR]: "alert-1" } },
      count: 4,
    });
  });

  it("goes to one alert alone where two find it free", async () => {
    const on = cluster({ createEvent: conflict, event: held(WINDOW + 1), patchEvent: conflict });
    assert.equal(await claim(on, ruleRun(), WINDOW), undefined);
  });

  it("can be taken at once where it has been given up", async () => {
    const on = cluster({ createEvent: conflict, event: held(1, {}) });
    assert.match((await claim(on, ruleRun(), WINDOW))?.name ?? "", /^response-/);
    assert.ok(verbs(on).includes("patch event"));
  });

  it("of somebody else's keeps nobody away: it is no claim", async () => {
    const on = cluster({ createEvent: conflict, event: held(1, { [CLAIMED_FOR]: "alert-0" }, "kubelet") });
    assert.ok(await claim(on, ruleRun(), WINDOW));
  });

  it("from a time that can't be keeps nobody away for ever", async () => {
    for (const lastTimestamp of ["2099-01-01T00:00:00Z", "never", "", undefined]) {
      const on = cluster({ createEvent: conflict, event: () => ({ ...held(1)(), lastTimestamp }) });
      assert.ok(await claim(on, ruleRun(), WINDOW), String(lastTimestamp));
    }
  });

  it("from a node whose clock is a little ahead holds", async () => {
    const on = cluster({ createEvent: conflict, event: held(-30) });
    assert.equal(await claim(on, ruleRun(), WINDOW), undefined);
  });

  for (const count of [-1, 2 ** 31 - 1, 1.5, "7", null]) {
    it(`counts on from one where the Event's count is ${JSON.stringify(count)}`, async () => {
      const on = cluster({ createEvent: conflict, event: () => ({ ...held(WINDOW + 1)(), count }) });
      await claim(on, ruleRun(), WINDOW);
      assert.equal(bodyOf(on, "patch event")?.count, 2);
    });
  }

  for (const odd of [{}, { metadata: null }, { metadata: { annotations: null } }, { metadata: { annotations: [] } }]) {
    it(`that is ${JSON.stringify(odd)} stops nobody`, async () => {
      assert.ok(await claim(cluster({ createEvent: conflict, event: () => odd }), ruleRun(), WINDOW));
    });
  }

  it("of an alert that was put off says what had been done for it, and for no other", async () => {
    const doneFor = async (key: string, done: string) => {
      const annotations = { "response-engine.io/put-off": key, "response-engine.io/done": done };
      return (await claim(cluster({ createEvent: conflict, event: held(1, annotations) }), ruleRun(), WINDOW))?.done;
    };
    assert.deepEqual(await doneFor("alert-1", "0,2"), new Set([0, 2]));
    assert.deepEqual(await doneFor("alert-0", "0,2"), new Set());
    assert.deepEqual(await doneFor("alert-1", "..,1000,-1,,0x1, 3"), new Set());
  });

  const errors: [string, Answers][] = [
    [
      "creates none",
      {
        createEvent: () => {
          throw apiError(403, "no events for you");
        },
      },
    ],
    [
      "doesn't answer",
      {
        createEvent: () => {
          throw unreachable("no events for you");
        },
      },
    ],
    [
      "reads none",
      {
        createEvent: conflict,
        event: () => {
          throw apiError(500, "no events for you");
        },
      },
    ],
    [
      "has lost it meanwhile",
      {
        createEvent: conflict,
        event: () => {
          throw apiError(404, "no events for you");
        },
      },
    ],
    [
      "patches none",
      {
        createEvent: conflict,
        event: held(WINDOW + 1),
        patchEvent: () => {
          throw apiError(422, "no events for you");
        },
      },
    ],
  ];
  for (const [what, answers] of errors) {
    it(`that can't be made, because the API ${what}, stops nobody, and the log says so`, async () => {
      const on = cluster(answers);
      assert.deepEqual(await claim(on, ruleRun(), WINDOW), { name: undefined, done: new Set() });
      assert.equal(logged.length, 1);
      const { level, message, event, reason } = JSON.parse(logged[0] ?? "") as Record<string, unknown>;
      assert.deepEqual(
        { level, message, event, reason },
        { level: "warning", message: "not deduplicated", event: on.calls[0]?.name, reason: "no events for you" },
      );
    });
  }
});
