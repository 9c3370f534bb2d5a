import { LRUCache } from "lru-cache";
import { subjectOf, type Subject } from "../../responder/actions/subject.ts";
import type { Alert } from "../../responder/alerts/alert.ts";
import { protectionOf } from "../../responder/engine/protection.ts";
import { ResponseCounter, type Scopes } from "../../responder/engine/response-limits.ts";
import type { Rates } from "../../responder/formats.ts";
import { isObjectName } from "../../responder/names.ts";
import { rulesFor } from "../../responder/rules/answering.ts";
import { isClaimed } from "../../responder/rules/deduplication.ts";
import type { Rule, RuleAction } from "../../responder/rules/rule.ts";
import { Tally } from "./tally.ts";
import { workloadNamed } from "./workload.ts";

/** How a rule's answer to one alert would have ended. */
export const ENDS = ["acted", "held", "again", "left alone"] as const;
export type End = (typeof ENDS)[number];

export interface RehearsalOptions {
  limits: Rates;
  protectedNamespaces: readonly string[];
  deduplicationSeconds: number;
}

/** Milliseconds for which it is remembered that something was done to a pod, which is gone or as it is to be since then. */
const REMEMBERED = 3_600_000;
/** How much of that is remembered. */
const MOST_REMEMBERED = 20_000;

/**
 * What rules would have done about alerts that were, by the alerts' own times, with the responder's own matching,
 * protection, deduplication and limits. What only a cluster knows (owners, replicas, exemptions) is not looked at;
 * rules that run dry are taken as real. Memory is bounded, however many alerts there are.
 */
export class Rehearsal {
  readonly #rules: readonly Rule[];
  readonly #options: RehearsalOptions;
  readonly #counter: ResponseCounter;
  readonly #done = new LRUCache<string, number>({ max: MOST_REMEMBERED });
  /** Alerts that are told twice, by falcosidekick's log for instance, are one. */
  readonly #seen = new LRUCache<string, true>({ max: MOST_REMEMBERED });
  #now = 0;

  alerts = 0;
  answered = 0;
  first = Infinity;
  last = -Infinity;
  readonly byRule: ReadonlyMap<string, Record<End, number>>;
  /** Of what would have been acted on. */
  readonly namespaces = new Tally();
  readonly workloads = new Tally();
  readonly hours = new Tally();
  /** Of pods whose alerts were answered, whatever limits and repetition made of it. */
  readonly pods = new Tally();
  /** Of what would have been held, by limit. */
  readonly held = new Tally();

  constructor(rules: readonly Rule[], options: RehearsalOptions) {
    this.#rules = rules.map((rule) => ({ ...rule, dryRun: false }));
    this.#options = options;
    this.#counter = new ResponseCounter(options.limits);
    this.byRule = new Map(rules.map(({ name }) => [name, { acted: 0, held: 0, again: 0, "left alone": 0 }]));
  }

  /** @param since milliseconds since 1970: what is older is passed over, as is what has no time */
  take(alert: Alert, since = -Infinity): void {
    const time = Date.parse(alert.time ?? "");
    if (!(Number.isNaN(time) ? since === -Infinity : time >= since)) return;
    if (alert.uuid !== undefined) {
      if (this.#seen.get(alert.uuid)) return;
      this.#seen.set(alert.uuid, true);
    }
    this.alerts++;
    if (!Number.isNaN(time)) {
      this.#now = time;
      this.first = Math.min(this.first, time);
      this.last = Math.max(this.last, time);
    }
    const answering = rulesFor(alert, this.#rules);
    if (answering.length > 0) this.answered++;
    for (const rule of answering) {
      const end = this.#run(rule, alert);
      const counts = this.byRule.get(rule.name);
      if (counts) counts[end]++;
      const { pod } = alert.named;
      if (pod && end !== "left alone") this.pods.add(`${pod.namespace}/${pod.name}`);
    }
  }

  #run(rule: Rule, alert: Alert): End {
    const { deduplicationSeconds } = this.#options;
    const subject = subjectOf(alert, rule.actions[0]?.prepared.target ?? "pod");
    if ("outcome" in subject) return "left alone";
    if (isClaimed(rule, { events: false, deduplicationSeconds })) {
      if (this.#isDone(["claim", rule.name, subject], deduplicationSeconds * 1000)) return "again";
      this.#done.set(keyOf(["claim", rule.name, subject]), this.#now);
    }
    let end: End = "left alone";
    for (const action of rule.actions) {
      const one = this.#act(action, alert);
      if (one === "held") return "held";
      if (one === "acted" || end === "left alone") end = one;
      if (!action.continue) break;
    }
    if (end === "acted") this.#hit(subject, alert);
    return end;
  }

  #act({ actionner, prepared: { target } }: RuleAction, alert: Alert): End {
    const subject = subjectOf(alert, target);
    if ("outcome" in subject) return "left alone";
    const protectedOnes = { protectedNamespaces: new Set(this.#options.protectedNamespaces), ownServices: [] };
    if (protectionOf(protectedOnes, subject.reference) !== undefined) return "left alone";
    const repeats = actionner.repeatable && subject.identity !== "";
    if (repeats && this.#isDone([actionner.name, target, subject], REMEMBERED)) return "again";
    if (actionner.disrupts > 0) {
      const scopes = scopesOf(subject, alert, target === "node");
      const held = this.#counter.held(scopes, this.#now, actionner.disrupts);
      if (held) {
        this.held.add(held.scope === "total" ? "total" : `${held.scope} ${held.name}`);
        return "held";
      }
      this.#counter.count(scopes, this.#now, actionner.disrupts);
    }
    if (repeats) this.#done.set(keyOf([actionner.name, target, subject]), this.#now);
    return "acted";
  }

  #isDone(what: Done, within: number): boolean {
    const at = this.#done.get(keyOf(what));
    return at !== undefined && this.#now - at < within;
  }

  #hit({ namespace, reference }: Subject, alert: Alert): void {
    const where = namespace ?? "(the cluster)";
    const name = reference.kind === "Pod" ? workloadNamed(reference.name) : `${reference.kind} ${reference.name}`;
    this.namespaces.add(where);
    this.workloads.add(`${where}/${name}`);
    if (alert.time !== undefined && this.#now > 0) {
      this.hours.add(`${new Date(this.#now).toISOString().slice(0, 13)}:00Z`);
    }
  }
}

type Done = readonly [what: string, by: string, subject: Subject];

function keyOf([what, by, { reference, identity }]: Done): string {
  return JSON.stringify([what, by, reference.kind, reference.namespace, reference.name, identity]);
}

/** As far as the alert says: the workload by its pod's name, the node by the host that Falco names. */
function scopesOf({ namespace, reference: { kind, name } }: Subject, { hostname }: Alert, ofNode: boolean): Scopes {
  const node = kind === "Node" ? name : hostname;
  const onNode = node !== undefined && isObjectName(node) ? { node } : {};
  if (ofNode || namespace === undefined) return onNode;
  return { ...onNode, namespace, workload: `${namespace}/${kind === "Pod" ? workloadNamed(name) : `${kind}/${name}`}` };
}
