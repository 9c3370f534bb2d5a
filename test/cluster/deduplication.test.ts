import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { RunningService } from "../../lab/service.ts";
import { action, rule } from "./actions/rules.ts";
import type { ControlPlane } from "../support/control-plane.ts";
import { deliver, loggedOf, nameOf } from "./deliver.ts";
import { eventually } from "../support/eventually.ts";
import { startOutputBroker, type OutputBroker } from "./output-broker.ts";
import { ownRightsOf } from "../support/rights.ts";
import { startResponder, type RunningResponder } from "../support/responder.ts";
import { controlPlane } from "./shared.ts";
import { Workloads, type Pod } from "./workloads.ts";

/** Seconds. */
const WINDOW = 3;

interface Event {
  metadata: { name: string };
  type: string;
  reason: string;
  message: string;
}

describe("Kubernetes Events, against a real API", () => {
  let cluster: ControlPlane;
  let pods: Workloads;
  let folder: string;
  let broker: OutputBroker;
  let replicas: { responder: RunningResponder; services: RunningService[] };

  before(async function () {
    cluster = await controlPlane(this);
    pods = new Workloads(cluster, "deduplicating");
    await pods.createNamespace();
    folder = mkdtempSync(join(tmpdir(), "response-engine-deduplication-"));
    broker = await startOutputBroker();
    const note = (name: string) =>
      action("kubernetes:exec", { command: `echo ran >> ${join(folder, name)}-\${K8S_POD_NAME}` });
    const rules = [
      rule("Run once", [note("once")]),
      rule("Run once too", [note("too")]),
      rule("Fail", [
        action("kubernetes:exec", { command: `echo ran >> ${join(folder, "fail")}-\${K8S_POD_NAME}; exit 1` }),
      ]),
      rule("Label", [action("kubernetes:label", { labels: { seen: "yes" } })]),
      rule("Terminate", [action("kubernetes:terminate")]),
      rule("Run dry", [note("dry")], { dry_run: true }),
    ];
    const responder = await startResponder(cluster, JSON.stringify(rules), {
      defaultRules: false,
      config: { responderDeduplicationSeconds: WINDOW },
      broker: broker.url,
    });
    replicas = { responder, services: [responder.service, await responder.start()] };
  });

  after(async () => {
    await Promise.all(replicas.services.slice(1).map((service) => service.stop()));
    await replicas.responder.stop();
    broker.stop();
    rmSync(folder, { recursive: true });
  });

  /** Delivers an alert to one of the replicas; gives the outcome. */
  async function alarm(
    replica: 0 | 1,
    falcoRule: string,
    pod: Pod,
    uuid: string = randomUUID(),
  ): Promise<string | null> {
    const service = replicas.services[replica] ?? assert.fail("there are two");
    return (
      await deliver(
        { ...replicas.responder, service },
        falcoRule,
        { ...nameOf(pod), "k8s.pod.uid": pod.metadata.uid },
        { uuid },
      )
    ).outcome;
  }

  /** How often a command was run in a pod. */
  function runs(name: string, pod: Pod): number {
    return readFileSync(`${join(folder, name)}-${pod.metadata.name}`, "utf8").split("\n").length - 1;
  }

  /** What `kubectl describe` shows of a pod, this engine's alone. */
  async function eventsOf(pod: Pod, count: number): Promise<Event[]> {
    const { namespace, name, uid } = pod.metadata;
    const selector = [
      `involvedObject.name=${name}`,
      `involvedObject.namespace=${namespace}`,
      `involvedObject.uid=${uid}`,
      "source=response-engine",
    ].join(",");
    return eventually(`${name} has ${count} Events`, async () => {
      const { items } = await cluster.api.demand<{ items: Event[] }>(
        "GET",
        `/api/v1/namespaces/${namespace}/events?fieldSelector=${encodeURIComponent(selector)}`,
      );
      return items.length === count && items.every(({ reason }) => reason !== "Responding") && items;
    });
  }

  it("let a rule act once on a pod, however many alerts come to however many replicas at once", async () => {
    const pod = await pods.createPod("many");
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) => alarm(index % 2 === 0 ? 0 : 1, "Run once", pod)),
    );
    assert.deepEqual(outcomes.sort(), [...Array<string>(7).fill("deduplicated"), "done"]);
    assert.equal(runs("once", pod), 1);
    const [event] = await eventsOf(pod, 1);
    assert.deepEqual([event?.type, event?.reason], ["Warning", "Responded"]);
    assert.match(
      event?.message ?? "",
      /^Falco rule "Run once": ran the command in container main of pod deduplicating\/many$/,
    );
  });

  it("hold back neither another rule nor another pod", async () => {
    const [pod, other] = [await pods.createPod("one"), await pods.createPod("other")];
    assert.deepEqual(
      [await alarm(0, "Run once", pod), await alarm(1, "Run once too", pod), await alarm(1, "Run once", other)],
      ["done", "done", "done"],
    );
  });

  it("let it act again when the window is over, and on one Event", async () => {
    const pod = await pods.createPod("later");
    assert.deepEqual([await alarm(0, "Run once", pod), await alarm(1, "Run once", pod)], ["done", "deduplicated"]);
    await sleep((WINDOW + 2) * 1000);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) => alarm(index % 2 === 0 ? 0 : 1, "Run once", pod)),
    );
    assert.deepEqual(outcomes.sort(), [...Array<string>(7).fill("deduplicated"), "done"]);
    assert.equal(runs("once", pod), 2);
    await eventsOf(pod, 1);
  });

  it("give the claim back where the rule failed", async () => {
    const pod = await pods.createPod("failing");
    assert.equal(await alarm(0, "Fail", pod), "failed");
    const [event] = await eventsOf(pod, 1);
    assert.equal(event?.reason, "ResponseFailed");
    assert.equal(await alarm(1, "Fail", pod), "failed");
    assert.equal(runs("fail", pod), 2);
  });

  it("let the same alert be answered by another replica, as where the first answer was lost", async () => {
    const pod = await pods.createPod("lost");
    const uuid = randomUUID();
    assert.deepEqual([await alarm(0, "Run once", pod, uuid), await alarm(1, "Run once", pod, uuid)], ["done", "done"]);
  });

  it("tell on a pod what was done to it, also when it is gone, and nothing of a dry run", async () => {
    const [labelled, terminated, dry] = [
      await pods.createPod("labelled"),
      await pods.createPod("terminated"),
      await pods.createPod("dry"),
    ];
    const uuid = randomUUID();
    assert.deepEqual(
      [
        await alarm(0, "Label", labelled),
        await alarm(0, "Terminate", terminated),
        await alarm(0, "Run dry", dry, uuid),
      ],
      ["done", "terminated", "dry-run"],
    );
    assert.match((await eventsOf(labelled, 1))[0]?.message ?? "", /labels: got seen=yes$/);
    assert.match(
      (await eventsOf(terminated, 1))[0]?.message ?? "",
      new RegExp(`terminated pod deduplicating/terminated \\(uid ${terminated.metadata.uid}\\)$`),
    );
    // it logs when there is nothing more to tell
    await loggedOf(replicas.responder, uuid, 1);
    await eventsOf(dry, 0);
  });

  it("are neither told nor allowed where the stack says so", async () => {
    await replicas.responder.stop();
    const rules = JSON.stringify([rule("Run once", [action("kubernetes:exec", { command: "true" })])]);
    replicas.responder = await startResponder(cluster, rules, {
      defaultRules: false,
      config: { responderEvents: false, responderDeduplicationSeconds: 0 },
      broker: broker.url,
    });
    replicas.services[0] = replicas.responder.service;
    const rights = await ownRightsOf(cluster, ["default", "responder"], "default");
    assert.deepEqual(
      rights.filter((right) => right.endsWith(" events")),
      [],
    );
    const pod = await pods.createPod("untold");
    assert.deepEqual([await alarm(0, "Run once", pod), await alarm(0, "Run once", pod)], ["done", "done"]);
    await eventsOf(pod, 0);
  });
});
