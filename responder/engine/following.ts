import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, Selectors } from "../kubernetes/cluster.ts";
import { apiErrorOf } from "../kubernetes/errors.ts";
import type { Follower } from "../kubernetes/follow.ts";
import type { Place } from "../kubernetes/resources.ts";
import { log } from "../telemetry/log.ts";

/** Milliseconds before the cluster is asked again after a failure: twice as long after each, up to the most. */
const PAUSE = { first: 250, most: 30_000 };

/**
 * Follows objects of the cluster for as long as the process lives, in the background. What it knows holds only while
 * it is `current`: from the end of a list until the watch behind it breaks.
 */
export class Following {
  current = false;
  #tried = false;
  #waiting: (() => void)[] = [];
  readonly #stopped = new AbortController();

  constructor(cluster: Cluster, at: Place, selectors: Selectors, follower: Follower) {
    const noted: Follower = {
      all: (objects) => {
        follower.all(objects);
        this.current = true;
        this.#tellTried();
      },
      changed: follower.changed,
    };
    void this.#follow(cluster, at, selectors, noted);
  }

  /** Whether what it knows holds; the first time it is waited for that so many milliseconds. */
  async ready(patience: number): Promise<boolean> {
    if (this.current || this.#tried) return this.current;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const go = (): void => {
      resolve(undefined);
    };
    this.#waiting.push(go);
    await Promise.race([promise, sleep(patience, undefined, { ref: false })]);
    this.#waiting = this.#waiting.filter((one) => one !== go);
    return this.current;
  }

  stop(): void {
    this.#stopped.abort();
  }

  #tellTried(): void {
    this.#tried = true;
    for (const go of this.#waiting.splice(0)) go();
  }

  async #follow(cluster: Cluster, at: Place, selectors: Selectors, follower: Follower): Promise<void> {
    let pause = PAUSE.first;
    while (!this.#stopped.signal.aborted) {
      try {
        await cluster.follow(at, selectors, follower);
        pause = PAUSE.first;
      } catch (thrown) {
        if (this.current) pause = PAUSE.first;
        this.#tellTried();
        log("warning", "not followed", { resource: at.resource.name, reason: apiErrorOf(thrown).message });
      }
      this.current = false;
      // not all replicas at once
      const wait = pause * (0.5 + Math.random() / 2);
      pause = Math.min(pause * 2, PAUSE.most);
      await sleep(wait, undefined, { ref: false, signal: this.#stopped.signal }).catch(() => undefined);
    }
  }
}
