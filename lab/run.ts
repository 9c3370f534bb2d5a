import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { startChain } from "./chain.ts";
import type { Chain, ChainListener } from "./chain.ts";
import { UsageError } from "./options.ts";
import type { Options } from "./options.ts";
import { evaluateProgram } from "./program/evaluate.ts";
import type { Program } from "./program/evaluate.ts";
import { labObjects } from "./program/objects.ts";
import { reasonOf } from "./reason.ts";
import type { Reporter } from "./report/reporter.ts";
import { limitsOf } from "./scenes/limits.ts";
import { play } from "./scenes/play.ts";
import { listPods, pathOf, placeObject, placePod } from "./scenes/pods.ts";
import { nameOf, recordedScene, sceneOf } from "./scenes/recorded.ts";
import type { Scene } from "./scenes/recorded.ts";
import { Recorder } from "./scenes/recorder.ts";
import type { StepReport } from "./scenes/step-report.ts";
import { tourRules, tourScene } from "./scenes/tour.ts";
import { tellFromNowOn } from "./serving.ts";
import { judge } from "./verdict.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Evaluates the program, starts the chain and plays the alerts; then serves, where that is asked for.
 *
 * @returns the exit code; with `--serve` never
 * @throws the signal's reason when it is interrupted, an Error when a part of the chain ends by itself
 */
export async function run(options: Options, reporter: Reporter, interrupted: AbortSignal): Promise<number> {
  const start = performance.now();
  const scene = await readScene(options);
  reporter.progress("Evaluating the program, building the responder, starting the chain …");
  const program = await evaluate(options);
  const evaluated = performance.now() - start;
  const objects = labObjects(program);
  const recorder = new Recorder();
  const end = Promise.withResolvers<never>();
  end.promise.catch(() => undefined);
  interrupted.throwIfAborted();
  interrupted.addEventListener("abort", () => {
    end.reject(interrupted.reason);
  });
  const exit = (reason: string): void => {
    end.reject(new Error(reason));
  };
  const listener: ChainListener = { ...recorder.listener, exit };

  const chain = await startChain(objects, listener);
  try {
    for (const object of scene.objects ?? []) placeObject(chain.kubernetes, object);
    for (const pod of scene.pods) placePod(chain.kubernetes, pod);
    const pods = listPods(chain.kubernetes).map(pathOf);
    reporter.started({ stack: options.stack, resources: program.resources.length, evaluated, chain, objects, pods });
    const body = async (): Promise<number> => {
      if (!options.serve || options.alerts !== undefined) {
        const tell = (number: number, report: StepReport): void => {
          reporter.step(number, report);
        };
        const { reports, deleted } = await playAll(scene, chain, recorder, limitsOf(objects.services), tell);
        const verdict = judge(reports, chain, deleted, performance.now() - start);
        reporter.verdict(verdict);
        if (!options.serve) return verdict.ok ? 0 : 1;
      }
      tellFromNowOn(chain, listener, reporter, ROOT);
      return end.promise;
    };
    return await Promise.race([body(), end.promise]);
  } finally {
    await chain.close();
  }
}

/** @returns what became of each step, and how many pods went in all */
async function playAll(
  { steps }: Scene,
  chain: Chain,
  recorder: Recorder,
  limits: ReturnType<typeof limitsOf>,
  tell: (number: number, report: StepReport) => void,
): Promise<{ reports: StepReport[]; deleted: number }> {
  let deleted = 0;
  const unwatch = chain.kubernetes.store.watch((type, { kind }) => {
    if (type === "DELETED" && kind === "Pod") deleted += 1;
  });
  const reports: StepReport[] = [];
  for (const step of steps) {
    const report = await play(step, chain, recorder, limits);
    reports.push(report);
    tell(reports.length, report);
  }
  unwatch();
  return { reports, deleted };
}

async function readScene({ actions, alerts, rules }: Options): Promise<Scene> {
  if (actions) return tourScene();
  if (alerts === undefined) return recordedScene(rules.length === 0);
  let content: string;
  try {
    content = alerts === "-" ? await text(process.stdin) : await readFile(alerts, "utf8");
  } catch (error) {
    throw new UsageError(`--alerts: ${alerts} can't be read: ${reasonOf(error)}`);
  }
  return sceneOf(nameOf(alerts), content);
}

async function evaluate({ stack, actions, rules }: Options): Promise<Program> {
  const folder = actions ? await mkdtemp(join(tmpdir(), "response-engine-lab-")) : undefined;
  try {
    // the program reads its rules from files
    const files = folder === undefined ? rules : [join(folder, "actions.yaml")];
    if (folder !== undefined) await writeFile(join(folder, "actions.yaml"), tourRules());
    // Knative itself isn't carried out here: its manifests needn't be fetched
    const config = { "knative:install": false, ...(files.length > 0 ? { responderRules: files } : {}) };
    return await evaluateProgram({ stack, config });
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true });
  }
}
