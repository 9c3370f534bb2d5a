import { setTimeout as sleep } from "node:timers/promises";
import type { Chain } from "../chain.ts";
import type { SidekickPayload } from "../falcosidekick.ts";
import { forge } from "./forgery.ts";
import { contradictions } from "./expectation.ts";
import { describeChange, NO_RULES } from "./limits.ts";
import type { Change, Limits } from "./limits.ts";
import { listPods, pathOf, placePod } from "./pods.ts";
import type { Step } from "./recorded.ts";
import type { Recorder } from "./recorder.ts";
import { passageOf } from "./step-report.ts";
import type { StepReport } from "./step-report.ts";

/** Milliseconds after which what has to follow an answer is taken for lost: the end of a grace period, a line of a log. */
const PATIENCE = 30_000;

/**
 * Brings up the step's pods, sends its alert to falcosidekick and waits until all that follows has happened.
 *
 * @param limits of what may happen, for a step that doesn't say what has to
 * @throws Error when falcosidekick doesn't take the alert
 */
export async function play(
  step: Step,
  chain: Chain,
  recorder: Recorder,
  limits: Limits = NO_RULES,
): Promise<StepReport> {
  const { kubernetes } = chain;
  for (const pod of step.pods) placePod(kubernetes, pod);
  const before = listPods(kubernetes);
  recorder.clear();
  const asked = kubernetes.requests.length;
  const watch = watchChanges(chain);
  try {
    const { forgery } = step;
    const alert = forgery
      ? await forge({ ...step, forgery }, chain, recorder)
      : await post(step.alert, chain, recorder);
    const outcome = await outcomeOf(alert, recorder);
    const told = await refusalsTold(step, recorder);
    await until(() => !before.some(({ metadata }) => isTerminating(chain, metadata.uid)) || undefined);

    const { changes, goneAfter } = watch;
    const gone = before.filter(({ metadata }) => goneAfter.has(metadata.uid));
    const wrong = [...contradictions(step, { alert, outcome, before, gone, changes }, limits), ...told];
    const others = changes.filter(({ type, object }) => type !== "DELETED" || object.kind !== "Pod");
    return {
      title: step.title,
      rule: alert.rule,
      priority: alert.priority,
      uuid: alert.uuid,
      ...passageOf(recorder, alert, performance.now() - watch.start),
      requests: kubernetes.requests.slice(asked),
      ...(outcome === undefined ? {} : { outcome }),
      changes: [...new Set(others.map(describeChange))],
      gone: gone.map((pod) => ({ pod: pathOf(pod), after: goneAfter.get(pod.metadata.uid) ?? 0 })),
      ...(step.goes && { expected: [...step.goes] }),
      wrong,
      ok: wrong.length === 0,
    };
  } finally {
    watch.end();
  }
}

/** Keeps every change, and when objects went, by UID, in milliseconds from now. */
function watchChanges({ kubernetes }: Chain) {
  const start = performance.now();
  const changes: Change[] = [];
  const goneAfter = new Map<string, number>();
  const end = kubernetes.store.watch((type, object) => {
    if (type === "DELETED") goneAfter.set(object.metadata.uid, performance.now() - start);
    changes.push({ type, object });
  });
  return { start, changes, goneAfter, end };
}

/** Sends an alert, and waits until falcosidekick and the Broker have done with it. @returns what falcosidekick made of it */
async function post(body: string, { falcosidekick }: Chain, recorder: Recorder): Promise<SidekickPayload> {
  const answer = await fetch(falcosidekick.url, { method: "POST", body });
  if (!answer.ok) throw new Error(`falcosidekick refused the alert: ${(await answer.text()).trim()}`);
  await falcosidekick.idle();
  const payload = recorder.falcosidekick.find((note) => note.kind === "accepted")?.payload;
  if (!payload) throw new Error("falcosidekick took the alert without a word");
  return payload;
}

/** The responder logs it when the Events it writes are written: nothing follows. */
async function outcomeOf(alert: SidekickPayload, recorder: Recorder): Promise<string | undefined> {
  const logged = recorder.isSettled(alert) || recorder.isRefused();
  return logged ? until(() => recorder.outcomeOf(alert)) : recorder.outcomeOf(alert);
}

/** What is wrong with how often people were told of refused alerts, in a line. */
async function refusalsTold({ refusalsTold: wanted }: Step, recorder: Recorder): Promise<string[]> {
  if (wanted === undefined) return [];
  await until(() => recorder.refusalsTold().length >= wanted || undefined);
  const told = recorder.refusalsTold().length;
  return told === wanted
    ? []
    : [`falcosidekick was told ${told} times of refused alerts, and had to be ${wanted} times`];
}

function isTerminating({ kubernetes }: Chain, uid: string): boolean {
  return listPods(kubernetes).some(({ metadata }) => metadata.uid === uid && metadata.deletionTimestamp !== undefined);
}

async function until<T>(condition: () => T | undefined): Promise<T | undefined> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const value = condition();
    if (value !== undefined || performance.now() > end) return value;
    await sleep(5);
  }
}
