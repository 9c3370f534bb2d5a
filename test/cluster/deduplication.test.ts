import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { RunningService } from "../../lab/service.ts";
import { action, rule } from "./actions/rules.ts";
import { deliver, loggedOf, nameOf } from "./deliver.ts";
import { startOutputBroker, type OutputBroker } from "./output-broker.ts";
import { ownRightsOf } from "../support/rights.ts";
import { toldEvents, type ToldEvent } from "./told-events.ts";
import { withResponder } from "./with-responder.ts";
import type { Pod } from "./workloads.ts";

/** Seconds; longer than any test takes, so that it is over where a test says so and nowhere else. */
const WINDOW = 600;

describe("Kubernetes Events, against a real API", () => {
  let folder: string;
  let broker: OutputBroker;
  let second: RunningService;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "response-engine-deduplication-"));
    broker = await startOutputBroker();
  });

  const stage = withResponder(() => ({
    namespace: "deduplicating",
    rules: rulesThatNote(folder),
    responder: { config: { responderDeduplicationSeconds: WINDOW }, broker: broker.url },
  }));

  before(async () => {
    second = await stage.responder.start();
  });

  after(() => {
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
    const service = replica === 0 ? stage.responder.service : second;
    const fields = { ...nameOf(pod), "k8s.pod.uid": pod.metadata.uid };
    return (await deliver({ ...stage.responder, service }, falcoRule, fields, { uuid })).outcome;
  }

  /** How often a command was run in a pod. */
  function runs(name: string, pod: Pod): number {
    return readFileSync(`${join(folder, name)}-${pod.metadata.name}`, "utf8").split("\n").length - 1;
  }

  /** What `kubectl describe` shows of a pod, this engine's alone. */
  async function eventsOf({ metadata: { namespace, name, uid } }: Pod, count: number): Promise<ToldEvent[]> {
    return toldEvents(stage.cluster, namespace, { name, namespace, uid }, count);
  }

  /** Makes the rule's claim on a pod so old that its window is over. */
  async function endWindow(pod: Pod): Promise<void> {
    const [event] = await eventsOf(pod, 1);
    const lastTimestamp = new Date(Date.now() - (WINDOW + 2) * 1000).toISOString().replace(/\.\d+/, "");
    await stage.cluster.api.demand(
      "PATCH",
      `/api/v1/namespaces/${pod.metadata.namespace}/events/${event?.metadata.name ?? ""}`,
      { body: { lastTimestamp }, contentType: "application/merge-patch+json" },
    );
  }

  it("let a rule act once on a pod, however many alerts come to however many replicas at once", async () => {
    const pod = await stage.pods.createPod("many");
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
    const [pod, other] = [await stage.pods.createPod("one"), await stage.pods.createPod("other")];
    assert.deepEqual(
      [await alarm(0, "Run once", pod), await alarm(1, "Run once too", pod), await alarm(1, "Run once", other)],
      ["done", "done", "done"],
    );
  });

  it("let it act again when the window is over, and on one Event", async () => {
    const pod = await stage.pods.createPod("later");
    assert.deepEqual([await alarm(0, "Run once", pod), await alarm(1, "Run once", pod)], ["done", "deduplicated"]);
    await endWindow(pod);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) => alarm(index % 2 === 0 ? 0 : 1, "Run once", pod)),
    );
    assert.deepEqual(outcomes.sort(), [...Array<string>(7).fill("deduplicated"), "done"]);
    assert.equal(runs("once", pod), 2);
    await eventsOf(pod, 1);
  });

  it("give the claim back where the rule failed", async () => {
    const pod = await stage.pods.createPod("failing");
    assert.equal(await alarm(0, "Fail", pod), "failed");
    const [event] = await eventsOf(pod, 1);
    assert.equal(event?.reason, "ResponseFailed");
    assert.equal(await alarm(1, "Fail", pod), "failed");
    assert.equal(runs("fail", pod), 2);
  });

  it("let the same alert be answered by another replica, as where the first answer was lost", async () => {
    const pod = await stage.pods.createPod("lost");
    const uuid = randomUUID();
    assert.deepEqual([await alarm(0, "Run once", pod, uuid), await alarm(1, "Run once", pod, uuid)], ["done", "done"]);
  });

  it("tell on a pod what was done to it, also when it is gone, and nothing of a dry run", async () => {
    const [labelled, terminated, dry] = [
      await stage.pods.createPod("labelled"),
      await stage.pods.createPod("terminated"),
      await stage.pods.createPod("dry"),
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
    await loggedOf(stage.responder, uuid, 1);
    await eventsOf(dry, 0);
  });
});

describe("no Kubernetes Events, against a real API,", () => {
  const stage = withResponder({
    namespace: "untold",
    rules: JSON.stringify([rule("Run", [action("kubernetes:exec", { command: "true" })])]),
    responder: { config: { responderEvents: false, responderDeduplicationSeconds: 0 } },
  });

  it("are told or allowed where the stack says so", async () => {
    const rights = await ownRightsOf(stage.cluster, ["default", "responder"], "default");
    assert.deepEqual(
      rights.filter((right) => right.endsWith(" events")),
      [],
    );
    const pod = await stage.pods.createPod("untold");
    assert.deepEqual(
      [(await stage.alarm("Run", pod)).outcome, (await stage.alarm("Run", pod)).outcome],
      ["done", "done"],
    );
    const { namespace, name, uid } = pod.metadata;
    await toldEvents(stage.cluster, namespace, { name, namespace, uid }, 0);
  });
});

/** Rules most of which run a command that leaves a line in a file of the folder, named after a rule and the pod. */
function rulesThatNote(folder: string): string {
  const note = (name: string, more = "") =>
    action("kubernetes:exec", { command: `echo ran >> ${join(folder, name)}-\${K8S_POD_NAME}${more}` });
  return JSON.stringify([
    rule("Run once", [note("once")]),
    rule("Run once too", [note("too")]),
    rule("Fail", [note("fail", "; exit 1")]),
    rule("Label", [action("kubernetes:label", { labels: { seen: "yes" } })]),
    rule("Terminate", [action("kubernetes:terminate")]),
    rule("Run dry", [note("dry")], { dry_run: true }),
  ]);
}
