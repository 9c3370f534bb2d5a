import { createHash } from "node:crypto";
import type { Step } from "../actions/outcome.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { apiErrorOf } from "../kubernetes/errors.ts";
import { EVENTS } from "../kubernetes/resources.ts";
import { plain } from "../text.ts";
import { log } from "../telemetry/log.ts";
import {
  COMPONENT,
  eventFor,
  eventText,
  namespaceOf,
  notWritten,
  type KubernetesEvent,
  type RuleRun,
} from "./kubernetes-event.ts";

/** The annotation that says which alert an Event's rule was last claimed for. */
const CLAIMED_FOR = "response-engine.io/alert";
/** Of an alert that was put off: which, and the places of the rule's actions that were done for it. */
const PUT_OFF = "response-engine.io/put-off";
const DONE = "response-engine.io/done";

/** A rule claimed on its subject: nobody else acts on it for the same rule meanwhile. */
export interface Claim {
  /** The Event's; undefined where it could not be made, which stops nobody from acting. */
  name: string | undefined;
  /** Of the Event as this claim left it: one that has another since is somebody else's claim. */
  version?: string;
  /** The places of the actions that another delivery of this alert has seen done, wherever that was. */
  done: ReadonlySet<number>;
}

/**
 * Claims a rule on its subject for one alert, so that no other alert sets it off within the window, whichever replica
 * takes it: by a Kubernetes Event on the subject, whose name only one of them can create, and whose version only one
 * can go on from.
 * @param window seconds
 * @returns undefined where another alert has the claim
 */
export async function claim(cluster: Cluster, run: RuleRun, window: number): Promise<Claim | undefined> {
  const name = `response-${hashOf(run)}`;
  const at = { resource: EVENTS, namespace: namespaceOf(run.subject) };
  const message = plain(`Falco rule "${run.alert}" set off "${run.rule}"`);
  const body = eventFor(run, name, { type: "Normal", reason: "Responding", message });
  body.metadata.annotations = { [CLAIMED_FOR]: run.key };
  try {
    return { name, ...versionOf(await cluster.create(at, body)), done: new Set() };
  } catch (thrown) {
    if (apiErrorOf(thrown).code !== 409) return notClaimed(thrown, name);
  }
  try {
    const known = await cluster.get<KubernetesEvent>({ ...at, name });
    const { annotations = {}, resourceVersion } = known.metadata;
    let version = versionOf(known);
    // the same alert comes again where an answer was lost: it is to be answered
    if (annotations[CLAIMED_FOR] !== run.key) {
      if (isHeld(known, window)) return undefined;
      const metadata = {
        ...(resourceVersion !== undefined && { resourceVersion }),
        annotations: { [CLAIMED_FOR]: run.key },
      };
      const again = { metadata, lastTimestamp: new Date().toISOString(), count: countOf(known) + 1 };
      version = versionOf(await cluster.patch({ ...at, name }, again));
    }
    const places = annotations[PUT_OFF] === run.key ? (annotations[DONE] ?? "").split(",", 64) : [];
    return { name, ...version, done: new Set(places.filter((place) => /^\d{1,3}$/.test(place)).map(Number)) };
  } catch (thrown) {
    return apiErrorOf(thrown).code === 409 ? undefined : notClaimed(thrown, name);
  }
}

/**
 * Whether an Event is a claim of ours that holds: others write Events too, and one from the future would hold for ever.
 * The API cuts the time to the second: the claim may be younger than it says by one.
 */
function isHeld({ metadata, source, lastTimestamp }: KubernetesEvent, window: number): boolean {
  if (source?.component !== COMPONENT || metadata.annotations?.[CLAIMED_FOR] === undefined) return false;
  const age = Date.now() - Date.parse(lastTimestamp ?? "") - 1000;
  return age < window * 1000 && age > -MOST_SKEW;
}

/** Milliseconds that two nodes' clocks may differ by. */
const MOST_SKEW = 60_000;

function versionOf(event: unknown): { version?: string } {
  const { resourceVersion } = (event as Partial<KubernetesEvent>).metadata ?? {};
  return typeof resourceVersion === "string" ? { version: resourceVersion } : {};
}

function countOf({ count = 1 }: KubernetesEvent): number {
  return Number.isSafeInteger(count) && count > 0 && count < 2 ** 31 - 1 ? count : 1;
}

function notClaimed(thrown: unknown, name: string): Claim {
  log("warning", "not deduplicated", { event: name, reason: apiErrorOf(thrown).message });
  return { name: undefined, done: new Set() };
}

/** The claim's Event tells what became of it; where an action failed or was held, the next alert may try. */
export async function settleClaim(
  cluster: Cluster,
  run: RuleRun,
  claimed: Claim,
  steps: readonly Step[],
): Promise<void> {
  const undone = steps.some(({ outcome }) => outcome === "failed" || outcome === "held");
  await change(cluster, run, claimed, undone ? { [CLAIMED_FOR]: null } : undefined, eventText(run, steps));
}

/** Gives the claim back where the work was put off, and leaves in it what had been done for this alert. */
export async function giveBack(cluster: Cluster, run: RuleRun, claimed: Claim, done: readonly number[]): Promise<void> {
  await change(cluster, run, claimed, { [CLAIMED_FOR]: null, [PUT_OFF]: run.key, [DONE]: done.join(",") });
}

async function change(
  cluster: Cluster,
  run: RuleRun,
  { name, version }: Claim,
  annotations: Readonly<Record<string, string | null>> | undefined,
  said: object = {},
): Promise<void> {
  if (name === undefined) return;
  const metadata = { ...(version !== undefined && { resourceVersion: version }), ...(annotations && { annotations }) };
  try {
    const body = Object.keys(metadata).length > 0 ? { ...said, metadata } : said;
    await cluster.patch({ resource: EVENTS, namespace: namespaceOf(run.subject), name }, body);
  } catch (thrown) {
    notWritten(run, thrown);
  }
}

function hashOf({ rule, subject }: RuleRun): string {
  return createHash("sha256")
    .update(JSON.stringify([rule, subject.reference, subject.identity]))
    .digest("hex")
    .slice(0, 32);
}
