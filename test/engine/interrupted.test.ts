import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Cluster } from "./cluster.ts";
import type { Printed } from "./command.ts";
import { Engine, ROOT, type Setting } from "./engine.ts";
import { ownsKnative, settingsOf, SMALL_KNATIVE, STACKS, type StackName } from "./fixtures.ts";
import type { Json } from "./values.ts";

/** When an `up` is killed: when one of so many shares of its objects are created, and when Helm has begun with Falco. */
const SHARES = 9;
const POINTS = [...Array.from({ length: SHARES }, (_, index) => index + 1), "Falco"] as const;

/** Helm's Secret for the release, which it writes first. */
const RELEASE = "sh.helm.release.v1.falco.v1";
const UNINSTALL = "helm uninstall falco --namespace falco";

/** Each state that begins anew would make a key of its own. */
const KEY: Setting = { key: "alertKeys[0]", value: "key-of-an-interrupted-up-0123", secret: true };

interface Scene {
  name: StackName;
  cluster: Cluster;
  engine: Engine;
  /** What the API holds after an `up` that nobody killed. */
  uninterrupted: Map<string, Json>;
}

// Knative's hundreds of objects would add nothing but time: the small manifests have one of each kind.
describe("an `up` that was killed is finished by the documented commands, for dev, with small manifests in Knative's place, and for prod", function () {
  this.timeout(900_000);
  const scenes: Scene[] = [];
  let commands: string[];

  before(async () => {
    commands = documentedCommands();
    for (const name of STACKS) {
      const cluster = await Cluster.start({ knative: !ownsKnative(name) });
      const scene = {
        name,
        cluster,
        engine: await Engine.start(name, cluster, [...settingsOf(SMALL_KNATIVE), KEY]),
        uninterrupted: new Map<string, Json>(),
      };
      scenes.push(scene);
      await scene.engine.up();
      scene.uninterrupted = cluster.objects();
    }
  });

  after(async () => {
    for (const { engine, cluster } of scenes) {
      await engine.stop();
      await cluster.stop();
    }
  });

  for (const point of POINTS) {
    it(
      point === "Falco"
        ? "killed when Helm had begun with Falco"
        : `killed at ${point} of ${SHARES} shares of its objects`,
      async () => {
        // side by side, as each leaves the machine idle half of the time
        const runs = await Promise.allSettled(scenes.map((scene) => killAndFinish(scene, point, commands)));
        for (const run of runs) if (run.status === "rejected") throw run.reason;
      },
    );
  }
});

async function killAndFinish(
  { name, cluster, engine, uninterrupted }: Scene,
  point: (typeof POINTS)[number],
  commands: readonly string[],
): Promise<void> {
  engine.reset();
  cluster.clear();
  await engine.upKilledAt(({ metadata }, count) =>
    point === "Falco" ? metadata.name === RELEASE : count === Math.ceil((point * uninterrupted.size) / SHARES),
  );
  let uninstalled = false;
  let last = "";
  for (const command of commands) {
    let { code, output } = await run(command, engine);
    if (output.includes("a name that is still in use")) {
      cluster.helmUninstall("falco", "falco");
      uninstalled = true;
      ({ code, output } = await run(command, engine));
    }
    assert.equal(code, 0, `${name}: ${command}\n${output}`);
    last = output;
  }
  assert.equal(uninstalled || point !== "Falco", true, "Helm had a release of that name, and nothing was said");
  assert.deepEqual([...cluster.objects()], [...uninterrupted]);
  // the one is the provider
  assert.match(last, /^Resources:\n +~ 1 updated\n +\d+ unchanged$/m, last);
  assert.doesNotMatch(last, /warning/, last);
}

/** Of the section for it, the commands to give one after the other; the section is to name the one for Helm too. */
function documentedCommands(): string[] {
  const section =
    readFileSync(join(ROOT, "docs/operations.md"), "utf8")
      .split("## When an `up` was interrupted\n")[1]
      ?.split("\n#")[0] ?? "";
  assert.ok(section.includes(`\`${UNINSTALL}\``), section);
  const block = section.split("```sh\n")[1]?.split("```")[0] ?? "";
  const commands = block
    .split("\n")
    .map((line) => line.replace(/ #.*$/, "").trim())
    .filter((line) => line !== "");
  assert.ok(commands.length > 0, section);
  return commands;
}

/** Runs `VARIABLE=value … pulumi …` with its questions answered by yes. */
async function run(command: string, engine: Engine): Promise<Printed> {
  const words = command.split(/\s+/);
  const start = words.indexOf("pulumi");
  assert.ok(start >= 0, command);
  const variables = Object.fromEntries(words.slice(0, start).map((word) => word.split("=")) as [string, string][]);
  const args = words.slice(start + 1);
  const answers = args[0] === "cancel" ? ["--yes"] : ["--yes", "--skip-preview"];
  return await engine.withEnvironment(variables, () => engine.print(...args, ...answers));
}
