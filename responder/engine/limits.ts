import type { V1Pod } from "@kubernetes/client-node";
import { LRUCache } from "lru-cache";
import { setTimeout as sleep } from "node:timers/promises";
import type { Actionner } from "../actions/actionner.ts";
import type { Result } from "../actions/outcome.ts";
import type { Subject, Target } from "../actions/subject.ts";
import { rateOf, type Rates } from "../formats.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { apiErrorOf } from "../kubernetes/errors.ts";
import { ifThere } from "../kubernetes/if-there.ts";
import { PODS, type Place } from "../kubernetes/resources.ts";
import { POD, shaped } from "../kubernetes/shapes.ts";
import { LIMITS } from "../limits.ts";
import { ResponseCounter, type Held, type Scopes } from "./response-limits.ts";
import { RetryLater } from "./retry-later.ts";
import { workloadOf } from "./workload.ts";

/** A disruptive action about to be run. */
export interface Disruption {
  actionner: Actionner;
  target: Target;
  subject: Subject;
}

/** One that is being run, counted under what was known of it when it began. */
interface UnderWay {
  scopes: Scopes;
  weight: number;
  /** When it was counted. */
  at: number;
  ended: Promise<unknown>;
  end: () => void;
}

/** Milliseconds that are waited for others under way to tell what they belong to. */
const PATIENCE = 2000;

/**
 * Holds disruptive actions over the limits, and counts those that are done. What the alert doesn't say (the pod's
 * workload and node) is asked of the API beforehand only where some workload or node there might be at its limit;
 * otherwise the action's own requests tell it. An action is counted before it begins, and that is taken back where it
 * did nothing, so that however many run at once none goes beyond.
 */
export class ResponseLimits {
  readonly #counter: ResponseCounter;
  readonly #now: () => number;
  readonly #underWay = new Set<UnderWay>();
  /** What was done to what, and when: the same again changes nothing, so it isn't counted again. */
  readonly #done = new LRUCache<string, number>({ max: LIMITS.remembered });
  /** Milliseconds. */
  readonly #longest: number;

  /** @param now milliseconds since 1970 */
  constructor(rates: Rates, now: () => number = Date.now) {
    this.#counter = new ResponseCounter(rates);
    this.#now = now;
    const seconds = Object.values(rates).map((text) => rateOf(text));
    this.#longest = Math.max(...seconds.map((rate) => (typeof rate === "object" ? rate.seconds * 1000 : 0)));
  }

  /**
   * Runs an action, if no limit holds it.
   * @param act is given the cluster to act on
   * @throws {ApiError} as the action does, or where the pod can't be looked at
   * @throws {RetryLater} where it can't be told yet
   */
  async within(of: Disruption, cluster: Cluster, act: (cluster: Cluster) => Promise<Result>): Promise<Result> {
    const { subject, target } = of;
    const identity = identityOf(of);
    if (identity !== undefined && this.#now() - (this.#done.get(identity) ?? -Infinity) < this.#longest)
      return await act(cluster);
    const begun = await this.#begin(scopesKnown(subject, target), of, cluster);
    if ("rate" in begun) return heldBy(begun, of);
    const { scopes, weight, at } = begun;
    const { watched, seen } = watching(cluster, subject);
    let did = false;
    try {
      const result = await act(watched);
      did = hasDisrupted(result, of.actionner);
      return result;
    } catch (thrown) {
      did = mayHaveDisrupted(thrown);
      throw thrown;
    } finally {
      this.#counter.takeBack(scopes, at, weight);
      const pod = seen();
      if (did) this.#counter.count({ ...scopes, ...(pod && scopesOf(pod, subject, target)) }, at, weight);
      if (did && identity !== undefined) this.#done.set(identity, at);
      this.#underWay.delete(begun);
      begun.end();
    }
  }

  /** The limit that holds an action, or the action counted: no other is judged between the two. */
  async #begin(known: Scopes, { actionner, subject, target }: Disruption, cluster: Cluster): Promise<Held | UnderWay> {
    const weight = actionner.disrupts;
    const held = this.#counter.held(known, this.#now(), weight);
    if (held) return held;
    const place = podOf(subject);
    if (!place || !this.#mayBeOver(known, weight, target)) return this.#count(known, weight);
    const pod = await ifThere(cluster.get(place));
    const scopes = { ...known, ...(pod && scopesOf(shaped(pod, POD), subject, target)) };
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const over = this.#counter.held(scopes, this.#now(), weight);
      if (over) return over;
      // one that isn't there is left to the action to tell
      if (!pod || !this.#mayBeOver(scopes, weight, target)) return this.#count(scopes, weight);
      const left = deadline - performance.now();
      if (left <= 0) throw new RetryLater(`others are under way around ${subject.described}, and count first`, []);
      const unknown = [...this.#underWay].filter((one) => mayShare(one.scopes, scopes));
      await Promise.race([...unknown.map(({ ended }) => ended), sleep(left, undefined, { ref: false })]);
    }
  }

  #count(scopes: Scopes, weight: number): UnderWay {
    const { promise: ended, resolve } = Promise.withResolvers();
    const begun = {
      scopes,
      weight,
      at: this.#now(),
      ended,
      end: () => {
        resolve(undefined);
      },
    };
    this.#counter.count(scopes, begun.at, weight);
    this.#underWay.add(begun);
    return begun;
  }

  /** Whether a limit of a workload or node would hold it if what is unknown, of it and of others under way, were the worst. */
  #mayBeOver({ namespace, workload, node }: Scopes, weight: number, target: Target): boolean {
    const now = this.#now();
    const others = [...this.#underWay];
    const sum = (some: readonly UnderWay[]) => some.reduce((all, one) => all + one.weight, weight);
    const onNode = sum(others.filter(({ scopes }) => scopes.node === undefined));
    if (this.#counter.room("node", node, now) < onNode) return true;
    if (target === "node" || namespace === undefined) return false;
    const inNamespace = others.filter(({ scopes }) => scopes.namespace === namespace && scopes.workload === undefined);
    return this.#counter.room("workload", workload ?? `${namespace}/`, now) < sum(inNamespace);
  }
}

/** Whether one under way, once it is known what it belongs to, may count under the same. */
function mayShare(one: Scopes, other: Scopes): boolean {
  return one.node === undefined || (one.workload === undefined && one.namespace === other.namespace);
}

/** What tells an action on an object that is nothing when done again; undefined where it isn't, or can't be told. */
function identityOf({ actionner, target, subject: { identity, reference } }: Disruption): string | undefined {
  if (!actionner.repeatable || identity === "") return undefined;
  return JSON.stringify([actionner.name, target, reference.kind, reference.namespace, reference.name, identity]);
}

function podOf({ reference: { kind, namespace, name } }: Subject): Place | undefined {
  return kind === "Pod" ? { resource: PODS, namespace, name } : undefined;
}

/** What the alert itself says; a node's disruption is none of a namespace's. */
function scopesKnown({ namespace, reference: { kind, name } }: Subject, target: Target): Scopes {
  if (kind === "Node") return { node: name };
  if (target === "node" || namespace === undefined) return {};
  return { namespace, ...(target === "object" && kind !== "Pod" && { workload: `${namespace}/${kind}/${name}` }) };
}

function scopesOf(pod: V1Pod, { namespace = "", reference }: Subject, target: Target): Scopes {
  const node = pod.spec?.nodeName === undefined ? {} : { node: pod.spec.nodeName };
  if (target === "node") return node;
  const named = { ...pod, metadata: { ...pod.metadata, name: reference.name } };
  return { ...node, workload: workloadOf(named, namespace).name };
}

/** The cluster, and what its answers have shown of the subject's pod. */
function watching(cluster: Cluster, subject: Subject): { watched: Cluster; seen: () => V1Pod | undefined } {
  const at = podOf(subject);
  let pod: V1Pod | undefined;
  const see = <T extends object | undefined>({ resource, namespace, name }: Place, answer: T): T => {
    const isIt = at && answer && resource === PODS && namespace === at.namespace && name === at.name;
    if (isIt) pod = shaped(answer, POD);
    return answer;
  };
  const watched: Cluster = {
    ...cluster,
    get: async <T extends object>(place: Place) => see(place, await cluster.get<T>(place)),
    delete: async (place, options) => see(place, await cluster.delete(place, options)),
  };
  return { watched, seen: () => pod };
}

function hasDisrupted({ outcome, output }: Result, { disrupts }: Actionner): boolean {
  if (outcome === "terminated" || outcome === "done") return true;
  // a command that ran and failed, a drain that got halfway
  return outcome === "failed" && (output !== undefined || disrupts > 1);
}

/** Nobody knows whether the API did what it gave no whole answer to. */
function mayHaveDisrupted(thrown: unknown): boolean {
  return ["time-out", "broken"].includes(apiErrorOf(thrown).failure);
}

function heldBy({ scope, name, rate, used, opens }: Held, { actionner, subject }: Disruption): Result {
  const where = scope === "total" ? "in all" : `for ${scope} ${name}`;
  const message =
    `held: ${actionner.name} was not run on ${subject.described}, as ${used} of ${rate.count} within ${rate.seconds} s ` +
    `are used ${where} (responseLimits.${scope}); this opens at ${new Date(opens).toISOString()}`;
  return { outcome: "held", message };
}
