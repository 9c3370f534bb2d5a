import assert from "node:assert/strict";
import { Cluster } from "./cluster.ts";
import { Engine } from "./engine.ts";
import { ownsKnative, settingsOf, SMALL_KNATIVE, STACKS } from "./fixtures.ts";
import type { Json } from "./values.ts";

const POINTS = 10;

interface Scene {
  cluster: Cluster;
  engine: Engine;
  /** What the API holds after an `up` that nobody killed. */
  uninterrupted: Map<string, Json>;
}

// Knative's hundreds of objects would add nothing but time: the small manifests have one of each kind.
describe("an `up` that was killed, of dev with small manifests in Knative's place, and of prod", function () {
  this.timeout(180_000);
  const scenes: Scene[] = [];

  before(async () => {
    for (const name of STACKS) {
      const cluster = await Cluster.start({ knative: !ownsKnative(name) });
      const scene = { cluster, engine: await Engine.start(name, cluster, settingsOf(SMALL_KNATIVE)), uninterrupted: new Map<string, Json>() };
      scenes.push(scene);
      await scene.engine.expect("up", "--yes", "--skip-preview");
      scene.uninterrupted = cluster.objects();
    }
  });

  after(async () => {
    for (const { engine, cluster } of scenes) {
      await engine.stop();
      await cluster.stop();
    }
  });

  for (let point = 1; point <= POINTS; point++) {
    it(`converges when it is run again: point ${point} of ${POINTS}`, async () => {
      // side by side, as each leaves the machine idle half of the time
      const runs = await Promise.allSettled(scenes.map((scene) => killAndRunAgain(scene, point)));
      for (const run of runs) if (run.status === "rejected") throw run.reason;
    });
  }
});

async function killAndRunAgain({ cluster, engine, uninterrupted }: Scene, point: number): Promise<void> {
  engine.reset();
  cluster.clear();
  const count = Math.ceil((point * uninterrupted.size) / POINTS);
  assert.ok(await engine.upKilledAt(count), `the \`up\` ended before it had created ${count} objects`);
  engine.removeTornChecksums();
  await engine.expect("cancel", "--yes");
  await recover(engine, cluster);
  await engine.expect("preview", "--refresh", "--expect-no-changes");
  assert.deepEqual([...cluster.objects()], [...uninterrupted]);
}

/**
 * What a person does about creates that were cut off: the provider takes over no object that it finds there unless
 * told to, and Helm no release at all, so that one is uninstalled.
 * @see https://www.pulumi.com/registry/packages/kubernetes/api-docs/provider/#upsertexistingobjects_nodejs
 */
async function recover(engine: Engine, cluster: Cluster): Promise<void> {
  await engine.expect("refresh", "--yes", "--skip-preview", "--clear-pending-creates");
  if (!engine.knows("kubernetes:helm.sh/v3:Release")) cluster.helmUninstall("falco", "falco");
  await engine.withEnvironment({ PULUMI_K8S_UPSERT_EXISTING_OBJECTS: "true" }, () => engine.expect("up", "--yes", "--skip-preview"));
}
