import assert from "node:assert/strict";
import type { CoreV1Event } from "@kubernetes/client-node";
import { terminate } from "../../../responder/actions/kubernetes/terminate.ts";
import { deleteResource } from "../../../responder/actions/kubernetes/delete.ts";
import type { Outcome } from "../../../responder/actions/outcome.ts";
import { claim } from "../../../responder/engine/claim.ts";
import { tell, type Chapter } from "../../../responder/engine/kubernetes-event.ts";
import type { Step } from "../../../responder/actions/outcome.ts";
import { alert, apiError, cluster, POD_UID } from "../fixtures.ts";
import { quietly } from "../quietly.ts";

const WINDOW = 60;
const CLAIMED_FOR = "response-engine.io/alert";

function chapter(fields: Record<string, unknown> = {}, more: Partial<Chapter> = {}): Chapter {
  const subject = terminate.subjectOf(alert(fields));
  assert.ok(subject);
  return { rule: "Keep the log", alert: "Terminal shell in container", key: "alert-1", subject, ...more };
}

const conflict = () => {
  throw apiError(409, "conflict");
};
const verbs = (on: ReturnType<typeof cluster>) => on.calls.map(({ verb }) => verb);
const bodyOf = (on: ReturnType<typeof cluster>, verb: string) =>
  on.calls.find((call) => call.verb === verb)?.body as Partial<CoreV1Event> | undefined;

/** The Event of a claim that another alert made some seconds ago. */
function held(
  secondsAgo: number,
  annotations: Record<string, string> = { [CLAIMED_FOR]: "alert-0" },
): () => CoreV1Event {
  const lastTimestamp = new Date(Date.now() - secondsAgo * 1000);
  return () => ({
    metadata: { name: "response-x", resourceVersion: "42", annotations },
    involvedObject: {},
    lastTimestamp,
    count: 3,
  });
}

/** A cluster that keeps Events as the API does: a name once, merge patches, and null removes. */
function keeping() {
  const events = new Map<string, CoreV1Event>();
  const on = cluster({});
  on.core.createNamespacedEvent = ({ body }) => {
    const { name = "" } = body.metadata;
    if (events.has(name)) return Promise.reject(apiError(409, "already exists"));
    events.set(name, body);
    return Promise.resolve(body);
  };
  on.core.readNamespacedEvent = ({ name }) => {
    const known = events.get(name);
    return known ? Promise.resolve(known) : Promise.reject(apiError(404, "not found"));
  };
  on.core.patchNamespacedEvent = ({ name, body }) => {
    const known = events.get(name);
    if (!known) return Promise.reject(apiError(404, "not found"));
    const { metadata, ...rest } = body as Partial<CoreV1Event>;
    const annotations = Object.entries({ ...known.metadata.annotations, ...metadata?.annotations }).filter(
      ([, value]) => (value as string | null) !== null,
    );
    const patched = {
      ...known,
      ...rest,
      metadata: { ...known.metadata, annotations: Object.fromEntries(annotations) },
    };
    events.set(name, patched);
    return Promise.resolve(patched);
  };
  return { on, events };
}

describe("a claim", () => {
  const logged = quietly();

  it("is an Event on the subject that only one alert can create", async () => {
    const on = cluster({});
    const name = await claim(on, chapter(), WINDOW);
    assert.match(name ?? "", /^response-[0-9a-f]{32}$/);
    assert.deepEqual(verbs(on), ["create event"]);
    const { firstTimestamp, lastTimestamp, ...event } = bodyOf(on, "create event") ?? {};
    assert.ok(firstTimestamp instanceof Date && Date.now() - firstTimestamp.getTime() < 10_000);
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
      claim(cluster({}), chapter(), WINDOW),
      claim(
        cluster({}),
        chapter({ "container.id": "ffffffffffff" }, { key: "alert-2", alert: "Another Falco rule" }),
        WINDOW,
      ),
    ]);
    assert.equal(one, other);
  });

  it("has another name for another rule, another pod, another pod of the same name, and another container where there is no UID", async () => {
    const chapters = [
      chapter(),
      chapter({}, { rule: "Another" }),
      chapter({ "k8s.pod.name": "web-0" }),
      chapter({ "k8s.ns.name": "shop" }),
      chapter({ "k8s.pod.uid": "another" }),
      chapter({ "k8s.pod.uid": null }),
      chapter({ "k8s.pod.uid": null, "container.id": "ffffffffffff" }),
    ];
    const names = await Promise.all(chapters.map((one) => claim(cluster({}), one, WINDOW)));
    assert.equal(new Set(names).size, chapters.length);
  });

  it("of what is in no namespace is in the one that the API wants it in", async () => {
    const subject = deleteResource.subjectOf(
      alert({ "ka.target.resource": "clusterroles", "ka.target.name": "admin", "ka.target.namespace": "x" }),
    );
    assert.ok(subject);
    const on = cluster({});
    await claim(on, chapter({}, { subject }), WINDOW);
    assert.equal(bodyOf(on, "create event")?.metadata?.namespace, "default");
  });

  it("is still an alert's own when it is delivered again", async () => {
    const on = cluster({ createEvent: conflict, event: held(1, { [CLAIMED_FOR]: "alert-1" }) });
    assert.match((await claim(on, chapter(), WINDOW)) ?? "", /^response-/);
    assert.deepEqual(verbs(on), ["create event", "get event"]);
  });

  it("keeps every other alert away within the window", async () => {
    const on = cluster({ createEvent: conflict, event: held(WINDOW - 2) });
    assert.equal(await claim(on, chapter(), WINDOW), undefined);
    assert.deepEqual(verbs(on), ["create event", "get event"]);
  });

  it("keeps them away as long where the API has cut its time to the second", async () => {
    const on = cluster({ createEvent: conflict, event: held(WINDOW + 0.9) });
    assert.equal(await claim(on, chapter(), WINDOW), undefined);
  });

  it("goes to another alert after the window, from the version that was read", async () => {
    const on = cluster({ createEvent: conflict, event: held(WINDOW + 1) });
    const name = await claim(on, chapter(), WINDOW);
    assert.equal(on.calls[2]?.name, name);
    const { lastTimestamp, ...patch } = bodyOf(on, "patch event") ?? {};
    assert.ok(lastTimestamp instanceof Date && Date.now() - lastTimestamp.getTime() < 10_000);
    assert.deepEqual(patch, {
      metadata: { resourceVersion: "42", annotations: { [CLAIMED_FOR]: "alert-1" } },
      count: 4,
    });
  });

  it("goes to one alert alone where two find it free", async () => {
    const on = cluster({ createEvent: conflict, event: held(WINDOW + 1), patchEvent: conflict });
    assert.equal(await claim(on, chapter(), WINDOW), undefined);
  });

  it("can be taken at once where it has been given up", async () => {
    const on = cluster({ createEvent: conflict, event: held(1, {}) });
    assert.match((await claim(on, chapter(), WINDOW)) ?? "", /^response-/);
    assert.ok(verbs(on).includes("patch event"));
  });

  const errors: [string, Parameters<typeof cluster>[0]][] = [
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
          throw new Error("no events for you");
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
      const name = await claim(cluster(answers), chapter(), WINDOW);
      assert.match(name ?? "", /^response-/);
      assert.equal(logged.length, 1);
      const { level, message, event, reason } = JSON.parse(logged[0] ?? "") as Record<string, unknown>;
      assert.deepEqual(
        { level, message, event, reason },
        { level: "warning", message: "not deduplicated", event: name, reason: "no events for you" },
      );
    });
  }
});

describe("the story", () => {
  const logged = quietly();
  const step = (outcome: Outcome, message = "kept the log"): Step => ({
    rule: "Keep the log",
    action: "Log",
    actionner: "kubernetes:log",
    outcome,
    message,
  });

  it("of what was done without a claim is an Event of its own", async () => {
    const on = cluster({});
    await tell(on, chapter(), [step("done"), step("terminated", "terminated pod default/alpine")], undefined);
    await tell(on, chapter(), [step("done")], undefined);
    const [one, other] = on.calls;
    assert.notEqual(one?.name, other?.name);
    const { type, reason, message, involvedObject, metadata } = bodyOf(on, "create event") ?? {};
    assert.deepEqual(
      { type, reason, message },
      {
        type: "Warning",
        reason: "Responded",
        message: 'Falco rule "Terminal shell in container": kept the log; terminated pod default/alpine',
      },
    );
    assert.equal(involvedObject?.uid, POD_UID);
    assert.equal(metadata?.annotations, undefined);
  });

  it("of a claim takes the place of what the claim said", async () => {
    const on = cluster({});
    await tell(on, chapter(), [step("done")], "response-x");
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

  it("says that an action failed, and gives the claim up", async () => {
    const on = cluster({});
    await tell(on, chapter(), [step("done"), step("failed", "no log")], "response-x");
    assert.deepEqual(bodyOf(on, "patch event"), {
      type: "Warning",
      reason: "ResponseFailed",
      message: 'Falco rule "Terminal shell in container": kept the log; no log',
      metadata: { annotations: { [CLAIMED_FOR]: null } },
    });
  });

  it("is cut to what the API takes", async () => {
    for (const claimed of [undefined, "response-x"]) {
      const on = cluster({});
      await tell(on, chapter(), [step("done", "x".repeat(2000))], claimed);
      assert.equal((on.calls[0]?.body as CoreV1Event).message?.length, 1024);
    }
  });

  it("changes nothing where it can't be told, but for a line of the log", async () => {
    const refused = () => {
      throw apiError(403, "no events for you");
    };
    const on = cluster({ createEvent: refused, patchEvent: refused });
    for (const claimed of [undefined, "response-x"]) await tell(on, chapter(), [step("done")], claimed);
    assert.equal(logged.length, 2);
    for (const line of logged) {
      const { level, message, subject, reason } = JSON.parse(line) as Record<string, unknown>;
      assert.deepEqual(
        { level, message, subject, reason },
        {
          level: "warning",
          message: "no Kubernetes Event",
          subject: "pod default/alpine",
          reason: "no events for you",
        },
      );
    }
  });

  it("goes on from claim to claim: held while it is done, free again where it failed", async () => {
    const { on, events } = keeping();
    const by = (key: string) => claim(on, chapter({}, { key }), WINDOW);
    const name = await by("alert-1");
    assert.equal(await by("alert-2"), undefined);
    await tell(on, chapter(), [step("done")], name);
    assert.equal(await by("alert-2"), undefined, "what is done is not done again");
    assert.equal(await by("alert-1"), name, "a redelivery is answered");
    await tell(on, chapter(), [step("failed")], name);
    assert.equal(await by("alert-2"), name, "what failed may be tried again");
    assert.equal(await by("alert-3"), undefined);
    assert.equal(events.size, 1);
    assert.equal(events.get(name ?? "")?.count, 2);
  });
});
