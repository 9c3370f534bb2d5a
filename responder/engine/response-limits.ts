import { LRUCache } from "lru-cache";
import { rateOf, SCOPES, type Rate, type Rates, type Scope } from "../formats.ts";
import { LIMITS } from "../limits.ts";

/** What a disruptive action is counted under, each by its name; what isn't there is unknown, or there is none. */
export type Scopes = Partial<Record<Exclude<Scope, "total">, string>>;

/** A limit that is used up. */
export interface Held {
  scope: Scope;
  /** The workload, namespace or node; "" in all. */
  name: string;
  rate: Rate;
  /** How much of it is used. */
  used: number;
  /** When it lets the next in, in milliseconds since 1970. */
  opens: number;
}

/** Milliseconds that what is counted may lie ahead: clocks differ. */
const MOST_SKEW = 60_000;

/**
 * Counts disruptive actions in windows that slide, per workload, namespace, node and in all. It knows no clock: the
 * responder counts by its own, a rehearsal by that of its alerts. Of each name as many are kept as its limit counts.
 */
export class ResponseCounter {
  readonly #limits: readonly (readonly [Scope, Rate])[];
  readonly #times = new Map<Scope, LRUCache<string, number[]>>();

  constructor(rates: Rates) {
    this.#limits = SCOPES.flatMap((scope) => {
      const rate = rateOf(rates[scope]);
      return typeof rate === "object" ? [[scope, rate] as const] : [];
    });
    const bounds = { max: LIMITS.counted, maxSize: LIMITS.countedTimes };
    const sizeCalculation = (times: number[]) => times.length;
    for (const scope of SCOPES) this.#times.set(scope, new LRUCache({ ...bounds, sizeCalculation }));
  }

  /** The limit that keeps `more` from being done; of several the one that opens last. */
  held(scopes: Scopes, now: number, more = 1): Held | undefined {
    const held = this.#limits.flatMap(([scope, rate]) => {
      const name = nameOf(scope, scopes);
      const counted = name === undefined ? [] : this.#within(scope, name, rate, now);
      const over = counted.length + Math.min(more, rate.count) - rate.count;
      if (name === undefined || over <= 0) return [];
      const opens = (counted.sort((a, b) => a - b)[over - 1] ?? now) + rate.seconds * 1000;
      return [{ scope, name, rate, used: counted.length, opens }];
    });
    return held.sort((a, b) => b.opens - a.opens)[0];
  }

  /** Counts `n` at once. */
  count(scopes: Scopes, now: number, n = 1): void {
    for (const [scope, rate] of this.#limits) {
      const name = nameOf(scope, scopes);
      if (name === undefined) continue;
      const times = [...(this.#times.get(scope)?.get(name) ?? []), ...Array<number>(n).fill(now)];
      this.#times.get(scope)?.set(name, times.slice(-rate.count));
    }
  }

  /** Takes back what was counted with the same arguments. */
  takeBack(scopes: Scopes, now: number, n = 1): void {
    for (const [scope] of this.#limits) {
      const name = nameOf(scope, scopes);
      const times = name === undefined ? undefined : this.#times.get(scope)?.get(name);
      for (let i = 0; times && i < n; i++) {
        const index = times.lastIndexOf(now);
        if (index >= 0) times.splice(index, 1);
      }
    }
  }

  /**
   * How many more a limit lets in under a name, or under that of those starting so which is nearest to its end.
   * @param name ends in "/" for all that start with it; undefined: for all there are
   */
  room(scope: Exclude<Scope, "total">, name: string | undefined, now: number): number {
    const rate = this.#limits.find(([one]) => one === scope)?.[1];
    if (!rate) return Infinity;
    const isMeant = (one: string) => name === undefined || one === name || (name.endsWith("/") && one.startsWith(name));
    let used = 0;
    for (const [one, times] of this.#times.get(scope)?.entries() ?? []) {
      if (times.length > used && isMeant(one)) used = Math.max(used, this.#within(scope, one, rate, now).length);
    }
    return rate.count - used;
  }

  #within(scope: Scope, name: string, { seconds }: Rate, now: number): number[] {
    // without a get, which would move it while names are gone through
    const times = this.#times.get(scope)?.peek(name) ?? [];
    return times.filter((at) => at > now - seconds * 1000 && at <= now + MOST_SKEW);
  }
}

function nameOf(scope: Scope, scopes: Scopes): string | undefined {
  return scope === "total" ? "" : scopes[scope];
}
