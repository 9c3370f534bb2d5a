import assert from "node:assert/strict";
import type { CloudEvent } from "cloudevents";
import type { OutputData } from "../../../responder/outputs/output-event.ts";
import type { Manners } from "../../../responder/rules/deduplication.ts";
import { NotNow, type Engine } from "../../../responder/engine/run-rule.ts";
import { respond } from "../../../responder/engine/respond.ts";
import { rulesFor } from "../../../responder/rules/answering.ts";
import { RESPONSE_EVENT_SOURCE } from "../../../responder/events.ts";
import { SinkError, type Sink } from "../../../responder/outputs/broker.ts";
import { alert, apiError, cluster, CONTAINER_ID, container, POD_UID, rules, running, TERMINATE } from "../fixtures.ts";
import { quietly } from "../quietly.ts";

function engine(on: ReturnType<typeof cluster>, yaml = TERMINATE, protectedNamespaces: string[] = []): Engine {
  return {
    rules: rules(yaml),
    protectedNamespaces: new Set(protectedNamespaces),
    cluster: on,
    events: false,
    deduplicationSeconds: 0,
  };
}

const failing = (code: number) =>
  cluster({
    remove: () => {
      throw apiError(code, "because");
    },
  });

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
    const down = cluster({
      remove: () => {
        throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
      },
    });
    await assert.rejects(respond(alert(), "key", engine(down)), {
      name: "NotNow",
      message: "the Kubernetes API can't do it now: fetch failed: connect ECONNREFUSED",
    });
  });

  it("hands on how long the API asks to wait", async () => {
    const busy = cluster({
      remove: () => {
        throw apiError(429, "slow down", { "retry-after": "7" });
      },
    });
    await assert.rejects(
      respond(alert(), "key", engine(busy)),
      (error) => error instanceof NotNow && error.apiErrors[0]?.retryAfter === 7,
    );
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

const APP = () => running(container("app", { containerID: CONTAINER_ID }));
const LOG_THEN_TERMINATE = `
- rule: Keep and end
  actions:
    - {action: Keep, actionner: "kubernetes:log", output: {target: "aws:s3", parameters: {bucket: b}}}
    - {action: End, actionner: "kubernetes:terminate"}
`;

async function stepsOf(
  on: ReturnType<typeof cluster>,
  yaml: string,
  manners: Partial<Manners & { sink: Sink }> = {},
  about = alert(),
  protectedNamespaces: string[] = [],
) {
  const told = await respond(about, "key", { ...engine(on, yaml, protectedNamespaces), ...manners });
  assert.ok("steps" in told);
  await told.told;
  return told;
}

describe("an action's output", () => {
  /** A Broker whose events stand among the calls of the API. */
  function broker(on: ReturnType<typeof cluster>) {
    const events: CloudEvent<OutputData>[] = [];
    const sink: Sink = (event) => {
      on.calls.push({ verb: "sink", name: event.type });
      events.push(event as CloudEvent<OutputData>);
      return Promise.resolve();
    };
    return { sink, events };
  }

  it("is with the Broker before the next action runs", async () => {
    const on = cluster({ pod: APP, log: () => "a\n" });
    const { sink, events } = broker(on);
    await stepsOf(on, LOG_THEN_TERMINATE, { sink });
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get", "log", "sink", "delete"],
    );
    const [event, ...more] = events;
    assert.deepEqual(more, [], "terminate gives none");
    assert.equal(event?.data?.output, "a\n");
    assert.equal(event.data.action, "Keep");
    assert.deepEqual(event.data.target, { target: "aws:s3", parameters: { bucket: "b" } });
  });

  it("that the Broker doesn't take is not now, and the next action is not run", async () => {
    const on = cluster({ pod: APP, log: () => "a\n" });
    const sink: Sink = () => Promise.reject(new SinkError("the Broker did not take it: it answered 503"));
    await assert.rejects(stepsOf(on, LOG_THEN_TERMINATE, { sink }), {
      name: "NotNow",
      message: "the Broker did not take it: it answered 503",
      apiErrors: [],
    });
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get", "log"],
    );
  });

  it("that can't be sent for a fault of ours is no reason to try again", async () => {
    const fault = new TypeError("a bug");
    await assert.rejects(
      stepsOf(cluster({ pod: APP, log: () => "a\n" }), LOG_THEN_TERMINATE, { sink: () => Promise.reject(fault) }),
      (error) => error === fault,
    );
  });

  it("of a failed action is with the Broker too", async () => {
    const on = cluster({
      pod: APP,
      exec: () => ({ output: "partly", truncated: false, failure: "it ended with exit code 1" }),
    });
    const { sink, events } = broker(on);
    const told = await stepsOf(
      on,
      '- rule: R\n  actions: [{action: E, actionner: "kubernetes:exec", parameters: {command: ls}}]',
      { sink },
    );
    assert.equal(told.outcome, "failed");
    assert.equal(events[0]?.data?.output, "partly");
    assert.equal(told.response.output_fields["response.output"], "partly");
  });

  it("that is empty goes nowhere", async () => {
    const on = cluster({ pod: APP, log: () => "" });
    const { sink, events } = broker(on);
    const { response } = await stepsOf(on, LOG_THEN_TERMINATE, { sink });
    assert.deepEqual([events, response.output_fields["response.output"]], [[], undefined]);
  });

  it("is in the response alone where there is no Broker", async () => {
    const on = cluster({ pod: APP, log: () => "a\nb\n" });
    const { outcome, response } = await stepsOf(on, LOG_THEN_TERMINATE);
    assert.equal(outcome, "terminated");
    assert.equal(response.output_fields["response.output"], "a\nb\n");
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get", "log", "delete"],
    );
  });

  describe("as an excerpt in the response", () => {
    const EXCERPT = 2048;
    const LOG = '- rule: R\n  actions: [{action: L, actionner: "kubernetes:log"}]';
    const excerpt = async (on: ReturnType<typeof cluster>, yaml = LOG) =>
      (await stepsOf(on, yaml)).response.output_fields["response.output"];

    it("is whole up to the limit", async () => {
      assert.equal(await excerpt(cluster({ pod: APP, log: () => "x".repeat(EXCERPT) })), "x".repeat(EXCERPT));
    });

    it("is the end of a text", async () => {
      const text = `old${"x".repeat(EXCERPT - 3)}new`;
      assert.equal(
        await excerpt(cluster({ pod: APP, log: () => text })),
        `(3 more characters before this) …${"x".repeat(EXCERPT - 3)}new`,
      );
    });

    it("is the start of JSON", async () => {
      const found =
        (await excerpt(
          cluster({ pod: APP, log: () => "x".repeat(EXCERPT) }),
          '- rule: R\n  actions: [{action: E, actionner: "kubernetes:evidence"}]',
        )) ?? "";
      assert.match(found, /^\{"pod":\{"metadata":.*x… \(\d+ more characters\)$/s);
      assert.equal(found.indexOf("…"), EXCERPT);
    });

    it("has a heading for each of several", async () => {
      const two = `
- rule: R
  actions:
    - {action: Keep the log, actionner: "kubernetes:log"}
    - {action: Look, actionner: "kubernetes:exec", parameters: {command: ls}}
    - {action: End, actionner: "kubernetes:terminate"}
`;
      const on = cluster({ pod: APP, log: () => "a\n", exec: () => ({ output: "bin\n", truncated: false }) });
      assert.equal(await excerpt(on, two), "==> Keep the log <==\na\n\n==> Look <==\nbin\n");
    });

    it("is not there where the output is empty, or where there is none", async () => {
      assert.equal(await excerpt(cluster({ pod: APP })), undefined);
      assert.equal(await excerpt(cluster({}), TERMINATE), undefined);
    });
  });
});

describe("deduplication", () => {
  const LOG = '- rule: Keep\n  actions: [{action: L, actionner: "kubernetes:log"}]';
  const window = { deduplicationSeconds: 60 };
  const held = () => ({
    metadata: { annotations: { "response-engine.io/alert": "another" } },
    involvedObject: {},
    lastTimestamp: new Date(),
  });
  const taken = (answers: Parameters<typeof cluster>[0] = {}) =>
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
    const { outcome, steps, response } = await stepsOf(on, LOG, window);
    assert.equal(outcome, "deduplicated");
    const message = "pod default/alpine was left to another alert, less than 60 s ago";
    assert.deepEqual(steps, [
      { rule: "Keep", action: "L", actionner: "kubernetes:log", outcome: "deduplicated", message },
    ]);
    assert.equal(response.output, `Response to "Terminal shell in container": ${message}`);
    assert.equal(response.priority, "Notice");
    assert.equal(response.output_fields["response.outcome"], "deduplicated");
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["create event", "get event"],
    );
  });

  it("holds for that rule alone: others answer the same alert", async () => {
    const on = taken();
    const { outcome, steps } = await stepsOf(on, `${LOG}\n${TERMINATE}`, window);
    assert.equal(outcome, "terminated");
    assert.deepEqual(
      steps.map((step) => step.outcome),
      ["deduplicated", "terminated"],
    );
  });

  it("claims before it acts, and tells in the claim's Event what came of it, whether or not Events are wanted", async () => {
    for (const events of [true, false]) {
      const on = cluster({ pod: APP });
      await stepsOf(on, LOG, { ...window, events });
      assert.deepEqual(
        on.calls.map(({ verb }) => verb),
        ["create event", "get", "log", "patch event"],
      );
      assert.equal(on.calls[0]?.name, on.calls[3]?.name);
    }
  });

  it("gives the claim up where an action failed", async () => {
    const on = cluster({
      pod: APP,
      log: () => {
        throw apiError(403, "no");
      },
    });
    const { outcome } = await stepsOf(on, LOG, window);
    assert.equal(outcome, "failed");
    const { metadata } = on.calls.at(-1)?.body as { metadata: unknown };
    assert.deepEqual(metadata, { annotations: { "response-engine.io/alert": null } });
  });

  it("keeps the claim of an alert that is to come again", async () => {
    const on = cluster({
      pod: APP,
      log: () => {
        throw apiError(503, "down");
      },
    });
    await assert.rejects(stepsOf(on, LOG, window), NotNow);
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["create event", "get", "log"],
    );
  });

  const unclaimed: [string, string, Partial<Manners>, string[]][] = [
    ["without a window", LOG, { deduplicationSeconds: 0 }, []],
    ["for a rule whose actions change nothing when they are done again", TERMINATE, window, []],
    ["for a rule that runs dry", `${LOG}\n  dry_run: true`, window, []],
    ["in a protected namespace", LOG, { ...window, events: true }, ["default"]],
  ];
  for (const [where, yaml, manners, protectedNamespaces] of unclaimed) {
    it(`claims nothing ${where}`, async () => {
      const on = cluster({ pod: APP });
      await stepsOf(on, yaml, manners, alert(), protectedNamespaces);
      assert.ok(!on.calls.some(({ verb }) => verb.endsWith("event")));
    });
  }

  it("claims nothing where the alert names no pod", async () => {
    const on = cluster({});
    const { outcome } = await stepsOf(on, LOG, window, alert({ "k8s.pod.name": null }));
    assert.equal(outcome, "no-pod");
    assert.deepEqual(on.calls, []);
  });
});

describe("Kubernetes Events", () => {
  quietly();
  const told = (on: ReturnType<typeof cluster>) =>
    on.calls.filter(({ verb }) => verb === "create event").map(({ body }) => (body as { message: string }).message);
  const CORDON = '- rule: R\n  actions: [{action: C, actionner: "kubernetes:cordon"}]';

  it("tell what was done after it was", async () => {
    const on = cluster({});
    await stepsOf(on, TERMINATE, { events: true });
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["delete", "create event"],
    );
    assert.deepEqual(told(on), [
      `Falco rule "Terminal shell in container": terminated pod default/alpine (uid ${POD_UID})`,
    ]);
  });

  it("are not waited for", async () => {
    const on = cluster({});
    const slow = Promise.withResolvers<undefined>();
    const create = on.core.createNamespacedEvent;
    on.core.createNamespacedEvent = async (request) => {
      await slow.promise;
      return await create(request);
    };
    const verdict = await respond(alert(), "key", { ...engine(on), events: true });
    assert.ok("told" in verdict);
    assert.deepEqual(told(on), []);
    slow.resolve(undefined);
    await verdict.told;
    assert.equal(told(on).length, 1);
  });

  it("tell of all the actions of a rule at once, and of each rule by itself", async () => {
    const on = cluster({ pod: APP });
    const two =
      '- rule: R\n  actions: [{action: C, actionner: "kubernetes:cordon"}, {action: T, actionner: "kubernetes:terminate"}]';
    await stepsOf(on, `${two}\n${TERMINATE}`, { events: true });
    const terminated = `terminated pod default/alpine (uid ${POD_UID})`;
    assert.deepEqual(told(on), [
      `Falco rule "Terminal shell in container": node node-1 is cordoned; ${terminated}`,
      `Falco rule "Terminal shell in container": ${terminated}`,
    ]);
  });

  const outcomes: [string, string, Parameters<typeof cluster>[0], boolean][] = [
    ["terminated", TERMINATE, {}, true],
    ["done", CORDON, { pod: APP }, true],
    [
      "failed",
      TERMINATE,
      {
        remove: () => {
          throw apiError(403, "no");
        },
      },
      true,
    ],
    [
      "gone",
      TERMINATE,
      {
        remove: () => {
          throw apiError(404, "gone");
        },
      },
      false,
    ],
    ["replaced", CORDON, { pod: () => ({ metadata: { uid: "another" } }) }, false],
    ["dry-run", `${TERMINATE}  dry_run: true`, {}, false],
  ];
  for (const [outcome, yaml, answers, isTold] of outcomes) {
    it(`tell ${isTold ? "of" : "nothing of"} what is ${outcome}`, async () => {
      const on = cluster(answers);
      assert.equal((await stepsOf(on, yaml, { events: true })).outcome, outcome);
      assert.equal(told(on).length, isTold ? 1 : 0);
    });
  }

  it("tell nothing in a protected namespace, nor of an alert without a pod", async () => {
    const on = cluster({});
    await stepsOf(on, TERMINATE, { events: true }, alert(), ["default"]);
    await stepsOf(on, TERMINATE, { events: true }, alert({ "k8s.pod.name": null }));
    assert.deepEqual(on.calls, []);
  });

  it("tell nothing where they are not wanted", async () => {
    const on = cluster({});
    await stepsOf(on, TERMINATE, { events: false });
    assert.deepEqual(told(on), []);
  });

  it("that the API refuses change nothing", async () => {
    const on = cluster({
      createEvent: () => {
        throw apiError(403, "no events for you");
      },
    });
    const { outcome, apiErrors } = await stepsOf(on, TERMINATE, { events: true });
    assert.equal(outcome, "terminated");
    assert.deepEqual(apiErrors, []);
  });
});

describe("an action's additional contexts", () => {
  const exec = (more: string) =>
    `- rule: R\n  actions: [{action: E, actionner: "kubernetes:exec", parameters: {command: 'echo "\${NODE_HOSTNAME}"'}${more}}]`;
  const node = () => ({ metadata: { labels: { "kubernetes.io/hostname": "node-1.example.com" } } });
  const commandOf = (on: ReturnType<typeof cluster>) =>
    (on.calls.find(({ verb }) => verb === "exec")?.body as { command: string[] } | undefined)?.command[2];

  it("are read for it and given to it", async () => {
    const on = cluster({ pod: APP, node });
    await stepsOf(on, exec(", additional_contexts: [k8snode]"));
    assert.equal(commandOf(on), "export NODE_HOSTNAME='node-1.example.com'\necho \"${NODE_HOSTNAME}\"");
  });

  it("are not read where it asks for none, or does nothing", async () => {
    const on = cluster({ pod: APP, node });
    await stepsOf(on, exec(""));
    assert.equal(commandOf(on), 'echo "${NODE_HOSTNAME}"');
    await stepsOf(on, `${exec(", additional_contexts: [k8snode]")}\n  dry_run: true`);
    assert.ok(!on.calls.some(({ verb }) => verb === "get node"));
  });

  it("that the API refuses make the action fail", async () => {
    const on = cluster({
      pod: APP,
      node: () => {
        throw apiError(403, "no nodes for you");
      },
    });
    const { outcome, response } = await stepsOf(on, exec(", additional_contexts: [k8snode]"));
    assert.equal(outcome, "failed");
    assert.match(response.output, /kubernetes:exec was refused by the API: no nodes for you/);
    assert.equal(commandOf(on), undefined);
  });
});
