/** The lab: plays alerts through the real program and the real responder, on this machine, with no cluster. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startChain } from "./chain.ts";
import type { Chain, ChainListener } from "./chain.ts";
import { responderOf, startExpectation } from "./scenes/expectation.ts";
import { labObjects } from "./program/objects.ts";
import { play, Recorder } from "./scenes/play.ts";
import type { StepReport } from "./scenes/play.ts";
import { listPods, pathOf, placeObject, placePod } from "./scenes/pods.ts";
import { evaluateProgram } from "./program/evaluate.ts";
import { jsonReporter, textReporter } from "./report.ts";
import type { Reporter, Verdict } from "./report.ts";
import { AlertsError, nameOf, recordedScene, sceneOf } from "./scenes/recorded.ts";
import type { Scene } from "./scenes/recorded.ts";
import { tourRules, tourScene } from "./scenes/tour.ts";

const USAGE = `Usage: npm start -- [options]

Plays recorded attacks through the whole chain on this machine: the real Pulumi program under
mocks, the real responder, and small stand-ins for falcosidekick, Knative's Broker and the
Kubernetes API. Ends with 0 only if every pod that had to go is gone and every other is there.

Options:
  --actions      play one alert for each action instead, answered as in the actions' documentation
  --alerts FILE  play these alerts instead: Falco's JSON output, one alert a line; - for standard input
  --rules FILE   use this rules file instead of the stack's; may be given again, later ones override
  --stack NAME   the stack whose configuration to use: dev (default) or prod
  --serve        keep running, and print where falcosidekick or curl can post alerts to;
                 with --alerts, play those first
  --json         one JSON object a line instead of text
  --help         this text
`;
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const STACK = /^[\w.-]+$/;

interface Options {
  actions: boolean;
  alerts: string | undefined;
  rules: string[];
  stack: string;
  serve: boolean;
  json: boolean;
}

/** A mistake in how the lab was called. */
class UsageError extends Error {}

function readOptions(args: string[]): Options | "help" {
  try {
    const { values } = parseArgs({
      args,
      options: {
        actions: { type: "boolean", default: false },
        alerts: { type: "string" },
        rules: { type: "string", multiple: true, default: [] },
        stack: { type: "string", default: "dev" },
        serve: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return "help";
    if (!STACK.test(values.stack))
      throw new UsageError(`--stack: ${JSON.stringify(values.stack)} is no name of a stack`);
    if (values.actions && (values.alerts !== undefined || values.rules.length > 0))
      throw new UsageError("--actions brings its own alerts and rules: give it without --alerts and --rules");
    return {
      actions: values.actions,
      alerts: values.alerts,
      rules: values.rules.map((file) => resolve(file)),
      stack: values.stack,
      serve: values.serve,
      json: values.json,
    };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function readScene({ actions, alerts, rules }: Options): Promise<Scene> {
  if (actions) return tourScene();
  if (alerts === undefined) return recordedScene(rules.length === 0);
  let content: string;
  try {
    content = alerts === "-" ? await text(process.stdin) : await readFile(alerts, "utf8");
  } catch (error) {
    throw new UsageError(
      `--alerts: ${alerts} can't be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return sceneOf(nameOf(alerts), content);
}

async function run(options: Options, reporter: Reporter, interrupted: AbortSignal): Promise<number> {
  const start = performance.now();
  const scene = await readScene(options);
  const { rules, removeRules } = options.actions
    ? await writeTourRules()
    : { rules: options.rules, removeRules: () => undefined };
  reporter.progress("Evaluating the program, building the responder, starting the chain …");
  const program = await evaluateProgram({
    stack: options.stack,
    // Knative itself isn't carried out here: its manifests needn't be fetched
    config: { "knative:install": false, ...(rules.length > 0 ? { responderRules: rules } : {}) },
  }).finally(removeRules);
  const evaluated = performance.now() - start;
  const objects = labObjects(program);
  const recorder = new Recorder();
  const crash = Promise.withResolvers<never>();
  crash.promise.catch(() => undefined);
  const stopped = Promise.withResolvers<never>();
  stopped.promise.catch(() => undefined);
  interrupted.addEventListener("abort", () => {
    stopped.reject(interrupted.reason);
  });
  interrupted.throwIfAborted();
  const listener: ChainListener = {
    ...recorder.listener,
    exit: (reason) => {
      crash.reject(new Error(reason));
    },
  };

  const chain = await startChain(objects, listener);
  const expectation = await startExpectation(responderOf(objects.services));
  try {
    for (const object of scene.objects ?? []) placeObject(chain.kubernetes, object);
    for (const pod of scene.pods) placePod(chain.kubernetes, pod);
    let deleted = 0;
    chain.kubernetes.store.watch((type, { kind }) => {
      if (type === "DELETED" && kind === "Pod") deleted += 1;
    });
    reporter.started({
      stack: options.stack,
      resources: program.resources.length,
      evaluated,
      chain,
      objects,
      pods: listPods(chain.kubernetes).map(pathOf),
    });
    const body = async (): Promise<number> => {
      if (!options.serve || options.alerts !== undefined) {
        const reports: StepReport[] = [];
        for (const step of scene.steps) {
          const report = await play(step, chain, recorder, expectation);
          reports.push(report);
          reporter.step(reports.length, report);
        }
        const verdict = judge(reports, chain, deleted, performance.now() - start);
        reporter.verdict(verdict);
        if (!options.serve) return verdict.ok ? 0 : 1;
      }
      serve(chain, listener, reporter);
      return new Promise<number>(() => undefined);
    };
    return await Promise.race([body(), crash.promise, stopped.promise]);
  } finally {
    await expectation.close();
    await chain.close();
  }
}

/** The program reads its rules from files. */
async function writeTourRules(): Promise<{ rules: string[]; removeRules: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "response-engine-lab-"));
  const file = join(folder, "actions.yaml");
  await writeFile(file, tourRules());
  return { rules: [file], removeRules: () => rm(folder, { recursive: true }) };
}

/** Every pod that had to go is gone, every other is there, and the role was enough. */
function judge(reports: readonly StepReport[], { kubernetes }: Chain, deleted: number, duration: number): Verdict {
  const wrong = reports.flatMap(({ title, gone, expected, outcome, ok }) => {
    const names = gone.map(({ pod }) => pod);
    return [
      ...(ok ? [] : [`${title}: ${outcome ?? "not answered"}`]),
      ...expected.filter((pod) => !names.includes(pod)).map((pod) => `${pod} is there, and had to go (${title})`),
      ...names.filter((pod) => !expected.includes(pod)).map((pod) => `${pod} is gone, and had to stay (${title})`),
    ];
  });
  const forbidden = kubernetes.requests
    .filter(({ status }) => status === 403)
    .map(({ verb, path }) => `${verb} ${path}`);
  const gone = reports.reduce((sum, report) => sum + report.gone.length, 0);
  if (deleted !== gone) wrong.push(`${deleted - gone} more went when no alert was about them`);
  return {
    ok: wrong.length === 0 && forbidden.length === 0 && reports.every(({ ok }) => ok),
    gone,
    there: listPods(kubernetes).length,
    wrong,
    forbidden,
    duration,
  };
}

/** Tells what happens from now on. */
function serve(chain: Chain, listener: ChainListener, reporter: Reporter): void {
  listener.log = (service, line) => {
    if (line["message"] === "ready") return;
    const { level, outcome, rule, response, reason, message } = line;
    reporter.happened(service, {
      level,
      outcome: outcome ?? message,
      rule,
      response: response ?? reason,
      duration: line["duration_ms"],
    });
  };
  listener.falcosidekick = (note) => {
    if (note.kind === "accepted")
      reporter.happened("falcosidekick", {
        took: `${note.payload.priority}: ${note.payload.rule}`,
        output: note.payload.output,
      });
    if (note.kind === "rejected") reporter.happened("falcosidekick", { refused: `refused an alert: ${note.reason}` });
  };
  listener.broker = (note) => {
    if (note.kind === "refused") reporter.happened("broker", { refused: `answered ${note.status}: ${note.reason}` });
    if (note.kind === "attempt" && note.next !== undefined)
      reporter.happened("broker", {
        again: `Trigger ${note.trigger}: ${note.answer.error ?? note.answer.status ?? ""}, again in ${Math.round(note.next)} ms`,
      });
    if (note.kind === "lost") reporter.happened("broker", { lost: `Trigger ${note.trigger}: lost, ${note.reason}` });
    if (note.kind === "dead-lettered")
      reporter.happened("broker", { dead: `Trigger ${note.trigger}: to the dead letter sink` });
  };
  chain.kubernetes.store.watch((type, pod) => {
    if (type === "DELETED")
      reporter.happened("kubernetes", { gone: `pod ${pathOf(pod)} is gone`, uid: pod.metadata.uid });
  });
  reporter.serving(chain, ROOT);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  const write = (content: string): void => {
    process.stdout.write(content);
  };
  const colours = process.stdout.isTTY && !process.env["NO_COLOR"];
  const reporter = options.json ? jsonReporter(write) : textReporter(write, colours);
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      interruption.abort(signal);
    });
  try {
    return await run(options, reporter, interruption.signal);
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    return options.serve ? 0 : 130;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const misused = error instanceof UsageError || error instanceof AlertsError;
  process.stderr.write(
    `${error instanceof Error ? error.message : String(error)}\n${misused ? "npm start -- --help says how the lab is used.\n" : ""}`,
  );
  process.exitCode = misused ? 2 : 1;
}
