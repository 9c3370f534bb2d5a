import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChain } from "../../lab/chain.ts";
import type { Chain } from "../../lab/chain.ts";
import { labObjects } from "../../lab/program/objects.ts";
import type { LabObjects } from "../../lab/program/objects.ts";
import { play } from "../../lab/scenes/play.ts";
import { Recorder } from "../../lab/scenes/recorder.ts";
import type { StepReport } from "../../lab/scenes/step-report.ts";
import { listPods, pathOf, placePod } from "../../lab/scenes/pods.ts";
import { evaluateProgram } from "../../lab/program/evaluate.ts";
import { build } from "../../responder/build.ts";

const ALERT = await readFile(new URL("../../lab/alerts/terminal-shell.json", import.meta.url), "utf8");

describe("the lab's chain", function () {
  this.timeout(300_000);
  let objects: LabObjects;
  let chain: Chain;
  let recorder: Recorder;

  let folder: string;
  let bundle: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "lab-chain-"));
    bundle = await build(join(folder, "responder.mjs"));
    objects = labObjects(await evaluateProgram({ stack: "dev", config: { "knative:install": false } }));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });
  afterEach(async () => {
    await chain.close();
  });

  async function start(changed: Partial<LabObjects> = {}): Promise<void> {
    recorder = new Recorder();
    chain = await startChain({ ...objects, ...changed }, recorder.listener, bundle);
    placePod(chain.kubernetes, { namespace: "default", name: "alpine", containerId: "3ad7b26ded6d" });
  }
  const shell = (): Promise<StepReport> =>
    play({ title: "a shell", alert: ALERT, pods: [], goes: ["default/alpine"] }, chain, recorder);

  it("gives the responder the environment the program gave it, and no more than its role", async () => {
    await start();
    const { ok, outcome, requests, response } = await shell();
    assert.deepEqual([ok, outcome], [true, "terminated"]);
    assert.deepEqual(
      requests.map(({ user, verb, status }) => [user, verb, status]),
      [
        ["system:serviceaccount:default:responder", "get", 200],
        ["system:serviceaccount:default:responder", "delete", 200],
        ["system:serviceaccount:default:responder", "create", 201],
      ],
    );
    assert.match(response?.rule ?? "", /^Response: /);
  });

  it("delivers again when the Kubernetes API throttles, breaks or goes away, until the pod is gone", async () => {
    await start();
    for (const answer of [429, 503] as const) chain.kubernetes.fail({ answer, times: 1 });
    // once for the connection that was kept, once for the new one that it is asked again over
    chain.kubernetes.fail({ answer: "reset", times: 2 });
    const { ok, deliveries } = await shell();
    assert.equal(ok, true);
    const toResponder = deliveries.find(({ trigger, leg }) => trigger === "alerts" && leg === "subscriber");
    assert.deepEqual([toResponder?.status, toResponder?.attempts], [200, 4]);
  });

  it("tells falcosidekick through the dead letter service when the retries have run out", async () => {
    await start();
    chain.kubernetes.fail({ answer: 503, times: 1_000 });
    const { ok, gone, deliveries, response, status } = await shell();
    assert.deepEqual([ok, gone, status], [false, [], 202]);
    assert.deepEqual(
      deliveries.map(({ leg, attempts }) => [leg, attempts]),
      [
        ["subscriber", 11],
        ["dead-letter", 1],
      ],
    );
    assert.equal(response?.rule, "Response: not delivered");
    assert.match(response.output, /"Terminal shell in container" could not be delivered/);
  });

  it("shows a role that lacks what the rules need: nothing goes, and the response says so", async () => {
    await start({
      rbac: objects.rbac.map((object) =>
        object.kind === "ClusterRole"
          ? { ...object, rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] }
          : object,
      ),
    });
    const { ok, outcome, requests, response } = await shell();
    assert.deepEqual([ok, outcome], [false, "failed"]);
    assert.equal(requests.at(-1)?.status, 403);
    assert.equal(response?.priority, "Warning");
  });

  it("never lets a response set off another, even if it comes back from falcosidekick as an alert", async () => {
    await start();
    await shell();
    const posted = recorder.falcosidekick.filter((note) => note.kind === "sent").map(({ payload }) => payload.source);
    assert.deepEqual(posted.toSorted(), ["response", "syscall"]);
    assert.equal(recorder.logs.filter(({ message }) => message === "alert").length, 1);
  });

  it("leaves a pod of the same name in another namespace, and everything else, alone", async () => {
    await start();
    for (const pod of [
      { namespace: "shop", name: "alpine" },
      { namespace: "default", name: "other" },
    ])
      placePod(chain.kubernetes, pod);
    await shell();
    assert.deepEqual(listPods(chain.kubernetes).map(pathOf), ["default/other", "shop/alpine"]);
  });

  it("stops with the responder's own words when it can't start, and leaves nothing behind", async () => {
    await start();
    const broken = objects.services.map((service) => ({
      ...service,
      mounts: Object.fromEntries(
        Object.entries(service.mounts).map(([path, files]) => [path, { ...files, "rules.yaml": "- rule: x\n" }]),
      ),
    }));
    await assert.rejects(
      startChain({ ...objects, services: broken }, {}, bundle),
      /^Error: responder ended \(exit code 2\):[^]*rules\.yaml, entry 1/,
    );
  });

  it("ends its processes when it is closed", async () => {
    await start();
    const pids = chain.services.map(({ pid }) => pid);
    assert.equal(pids.length, 2);
    await chain.close();
    for (const pid of pids) assert.equal(existsSync(`/proc/${pid}/exe`), false);
  });
});
