import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { OUTPUT_TYPE } from "../../../responder/events.ts";
import { containerOf, nameOf } from "../deliver.ts";
import { eventually } from "../../support/eventually.ts";
import { startOutputBroker, type OutputBroker } from "../output-broker.ts";
import { withResponder } from "../with-responder.ts";
import { pathOf, SLOW, type Pod } from "../workloads.ts";
import { action, rule } from "./rules.ts";

/** What evidence is, as far as it is looked at here. */
interface Evidence {
  pod: { metadata: { uid: string; managedFields?: unknown } };
  owners: { kind: string; name: string; object?: { metadata: { name: string } } }[];
  events: { message: string }[];
  logs: { container: string; text: string }[];
}

describe("log, exec, script and evidence, against a real API", () => {
  let broker: OutputBroker;
  let folder: string;
  let script: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "response-engine-outputs-"));
    script = join(folder, "look.sh");
    writeFileSync(script, "echo from a file\n");
    broker = await startOutputBroker();
  });

  const stage = withResponder(() => ({
    namespace: "outputs",
    rules: rulesWith(script),
    responder: { broker: broker.url },
  }));

  after(() => {
    broker.stop();
    rmSync(folder, { recursive: true });
  });

  beforeEach(() => {
    broker.taken.length = 0;
    broker.onPost = () => Promise.resolve(202);
  });

  /** Delivers an alert of a pod; gives the answer, and the outputs that the Broker took. */
  async function alarm(falcoRule: string, pod: Pod, fields: Record<string, string> = {}, uuid: string = randomUUID()) {
    const reply = await stage.deliver(
      falcoRule,
      { ...nameOf(pod), "k8s.pod.uid": pod.metadata.uid, ...fields },
      { uuid },
    );
    return { ...reply, outputs: broker.taken.map(({ data }) => data.output) };
  }

  it("log gives the Broker the end of a container's log, whole, and says where the rule wants it", async () => {
    const pod = await stage.pods.createPod("logging");
    const { outcome, outputs, fields } = await alarm("Log", pod, { "container.id": containerOf(pod) });
    assert.deepEqual([outcome, outputs], ["done", ["line 99\nline 100\n"]]);
    assert.equal(fields["response.output"], "line 99\nline 100\n");
    const [{ headers, data } = assert.fail("the Broker took nothing")] = broker.taken;
    assert.deepEqual(
      [headers["ce-type"], headers["ce-actionner"], headers["ce-target"], headers["ce-subject"]],
      [OUTPUT_TYPE, "kubernetes:log", "aws:s3", "outputs/logging"],
    );
    assert.deepEqual(data.pod, { namespace: "outputs", name: "logging", uid: pod.metadata.uid });
    assert.deepEqual(data.target, { target: "aws:s3", parameters: { bucket: "logs" } });
  });

  it("log, exec and evidence leave a pod alone that has been re-created under the name", async () => {
    const first = await stage.pods.createPod("again", { annotations: SLOW });
    await stage.pods.createAgain(first);
    for (const name of ["Log", "Show the file", "Keep the evidence"]) {
      const { outcome, outputs } = await alarm(name, first);
      assert.deepEqual([outcome, outputs], ["replaced", []], name);
    }
  });

  it("exec runs the command with the alert's values as the shell's own, which none of them can break out of", async () => {
    const pod = await stage.pods.createPod("executing");
    const mark = join(folder, "pwned");
    const name = `/tmp/'$(touch ${mark})";touch ${mark}`;
    const { outcome, outputs } = await alarm("Show the file", pod, { "fd.name": name });
    const { metadata } = await stage.cluster.api.demand<{ metadata: { labels: Record<string, string> } }>(
      "GET",
      `/api/v1/nodes/${pod.spec.nodeName ?? ""}`,
    );
    assert.equal(outcome, "done");
    const [output = ""] = outputs as string[];
    assert.deepEqual(output.trim().split("\n").sort(), [
      `file: ${name}`,
      `node: ${metadata.labels["kubernetes.io/hostname"] ?? ""}`,
    ]);
    assert.equal(existsSync(mark), false);
  });

  for (const [name, why, output] of [
    ["Fail", /exit status 3/, "before\n"],
    ["Take long", /had not ended after 5 s/, "begun\n"],
    ["Use another shell", /no such file/, undefined],
  ] as const) {
    it(`exec says that a command failed, and keeps what it printed: ${name.toLowerCase()}`, async () => {
      const pod = await stage.pods.createPod(name.toLowerCase().replaceAll(" ", "-"));
      const { status, outcome, said, priority, outputs } = await alarm(name, pod);
      assert.deepEqual(
        [status, outcome, priority, outputs],
        [200, "failed", "Warning", output === undefined ? [] : [output]],
      );
      assert.match(said, why);
    });
  }

  it("script runs all of its lines, from the rules or from a file", async () => {
    const pod = await stage.pods.createPod("scripting");
    assert.deepEqual((await alarm("Run a script", pod)).outputs, ["one\ntwo\n"]);
    assert.deepEqual((await alarm("Run a file", pod)).outputs, ["one\ntwo\n", "from a file\n"]);
  });

  it("evidence is the pod, what owns it, its Events and its logs", async () => {
    const [pod] = await stage.pods.createWorkload("Deployment", "suspect", 1);
    await eventually("the pod has Events", async () => {
      const { items } = await stage.cluster.api.demand<{ items: unknown[] }>(
        "GET",
        `/api/v1/namespaces/outputs/events?fieldSelector=involvedObject.uid%3D${pod.metadata.uid}`,
      );
      return items.length > 0;
    });
    const { outcome, outputs } = await alarm("Keep the evidence", pod);
    assert.equal(outcome, "done");
    const { pod: kept, owners, events, logs } = outputs[0] as Evidence;
    assert.deepEqual([kept.metadata.uid, kept.metadata.managedFields], [pod.metadata.uid, undefined]);
    assert.deepEqual(
      owners.map(({ kind, name, object }) => [kind, object?.metadata.name === name]),
      [
        ["ReplicaSet", true],
        ["Deployment", true],
      ],
    );
    assert.equal(owners[1]?.name, "suspect");
    assert.ok(events.length > 0);
    assert.deepEqual(
      logs.map(({ container, text }) => [container, text]),
      [["main", "line 98\nline 99\nline 100\n"]],
    );
  });

  it("evidence is with the Broker before the next action destroys what it tells of", async () => {
    const pod = await stage.pods.createPod("doomed");
    const seen: number[] = [];
    broker.onPost = async () => {
      seen.push((await stage.cluster.api.request("GET", pathOf(pod))).status);
      return 202;
    };
    const { outcome } = await alarm("Keep the evidence, then terminate", pod);
    assert.deepEqual([outcome, seen, await stage.pods.isThere(pod)], ["terminated", [200], false]);
  });

  it("nothing is destroyed while the Broker doesn't take the evidence, and the alert comes again", async () => {
    const pod = await stage.pods.createPod("spared");
    const uuid = randomUUID();
    broker.onPost = () => Promise.resolve(503);
    const first = await alarm("Keep the evidence, then terminate", pod, {}, uuid);
    assert.deepEqual([first.status, await stage.pods.isThere(pod)], [503, true]);
    broker.onPost = () => Promise.resolve(202);
    const second = await alarm("Keep the evidence, then terminate", pod, {}, uuid);
    assert.deepEqual([second.outcome, second.outputs.length, await stage.pods.isThere(pod)], ["terminated", 1, false]);
  });
});

/** @param script path of a script that a rule runs */
function rulesWith(script: string): string {
  return JSON.stringify([
    rule("Log", [
      action("kubernetes:log", { tail_lines: 2 }, { output: { target: "aws:s3", parameters: { bucket: "logs" } } }),
    ]),
    rule("Show the file", [
      action(
        "kubernetes:exec",
        { command: 'echo "file: ${FD_NAME}"; echo node: $NODE_HOSTNAME >&2' },
        { additional_contexts: ["k8snode"] },
      ),
    ]),
    rule("Fail", [action("kubernetes:exec", { command: "echo before; exit 3" })]),
    rule("Take long", [action("kubernetes:exec", { command: "echo begun; sleep 15", timeout_seconds: 5 })]),
    rule("Use another shell", [action("kubernetes:exec", { command: "true", shell: "/no/shell" })]),
    rule("Run a script", [action("kubernetes:script", { script: "for word in one two; do\n  echo $word\ndone\n" })]),
    rule("Run a file", [action("kubernetes:script", { file: script })]),
    rule("Keep the evidence", [action("kubernetes:evidence", { tail_lines: 3 })]),
    rule("Keep the evidence, then terminate", [action("kubernetes:evidence"), action("kubernetes:terminate")]),
  ]);
}
