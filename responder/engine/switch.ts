import type { Cluster } from "../kubernetes/cluster.ts";
import { ifThere } from "../kubernetes/if-there.ts";
import type { KubernetesObject } from "../kubernetes/objects.ts";
import { CONFIGMAPS, type Place } from "../kubernetes/resources.ts";
import { OBJECT, shaped } from "../kubernetes/shapes.ts";
import { Following } from "./following.ts";

/** The annotation of the switch's ConfigMap that stops all responses where it is "true". */
export const PAUSED = "response-engine.io/paused";

/** Milliseconds that are waited for the watch before the ConfigMap is read. */
const PATIENCE = 500;

/**
 * The switch that stops all responses: an annotation of one ConfigMap, which each replica follows. While what it
 * follows may be behind (at its start, or when the watch has broken), the ConfigMap is read before each response.
 */
export class Switch {
  readonly #cluster: Cluster;
  readonly #at: Place;
  readonly #following: Following;
  #isOff = false;

  /** @param object the ConfigMap; one that isn't there stops nothing */
  constructor(cluster: Cluster, { namespace, name }: { namespace: string; name: string }) {
    this.#cluster = cluster;
    this.#at = { resource: CONFIGMAPS, namespace, name };
    const place = { resource: CONFIGMAPS, namespace };
    this.#following = new Following(
      cluster,
      place,
      { fieldSelector: `metadata.name=${name}` },
      {
        all: (objects) => {
          this.#isOff = objects.some(isPaused);
        },
        changed: (object, isThere) => {
          this.#isOff = isThere && isPaused(object);
        },
      },
    );
  }

  /** @throws {ApiError} where nobody knows */
  async isOff(): Promise<boolean> {
    if (await this.#following.ready(PATIENCE)) return this.#isOff;
    const object = await ifThere(this.#cluster.metadata(this.#at));
    return object !== undefined && isPaused(shaped(object, OBJECT));
  }

  /** What is told of a response that was stopped. */
  get described(): string {
    return `all responses are stopped (${PAUSED} on ConfigMap ${this.#at.namespace ?? ""}/${this.#at.name ?? ""})`;
  }

  stop(): void {
    this.#following.stop();
  }
}

function isPaused({ metadata }: KubernetesObject): boolean {
  return metadata?.annotations?.[PAUSED] === "true";
}
