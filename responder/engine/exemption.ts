import type { V1Pod } from "@kubernetes/client-node";
import { controllerOf } from "../actions/pods/controller.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { ifThere } from "../kubernetes/if-there.ts";
import type { KubernetesObject } from "../kubernetes/objects.ts";
import { NAMESPACES, PODS, WORKLOADS, type Place, type Resource } from "../kubernetes/resources.ts";
import { OBJECT, POD, shaped } from "../kubernetes/shapes.ts";
import { Following } from "./following.ts";
import { workloadOf } from "./workload.ts";

/** What a disruptive action is about to touch. */
export interface Touched {
  namespace: string;
  pod?: string | undefined;
  /** The pod as the API showed it, where that is at hand. */
  shown?: V1Pod | undefined;
  /** The object that is to be deleted. */
  object?: { kind: string; name: string } | undefined;
}

/** Milliseconds that are waited, at the start, for the lists of what is exempt. */
const PATIENCE = 2000;

/** How many controllers above a pod are looked at. */
const LEVELS = 4;

/**
 * What disruptive actions are kept off: pods, workloads and namespaces with a label. Each replica follows what has the
 * label, so that an action on anything else costs no request. While what is followed may be behind, the namespace, the
 * pod and its controllers are read.
 */
export class Exemption {
  readonly #cluster: Cluster;
  readonly #label: string;
  readonly #follows: readonly Following[];
  /** By kind, "NAMESPACE/NAME" each. */
  readonly #exempt = new Map<string, Set<string>>();

  /** @param label the key of the label, whose value "true" exempts */
  constructor(cluster: Cluster, label: string) {
    this.#cluster = cluster;
    this.#label = label;
    this.#follows = [NAMESPACES, PODS, ...WORKLOADS].map((resource) => this.#follow(resource));
  }

  /** Why it is spared, in words; undefined where it isn't. @throws {ApiError} where nobody knows */
  async reasonFor(touched: Touched): Promise<string | undefined> {
    const ready = await Promise.all(this.#follows.map((one) => one.ready(PATIENCE)));
    const spared = ready.every(Boolean) ? await this.#known(touched) : await this.#read(touched);
    return spared === undefined ? undefined : `${spared} is exempt (label ${this.#label})`;
  }

  stop(): void {
    for (const one of this.#follows) one.stop();
  }

  #follow(resource: Resource): Following {
    const names = new Set<string>();
    this.#exempt.set(resource.kind, names);
    return new Following(
      this.#cluster,
      { resource },
      { labelSelector: `${this.#label}=true` },
      {
        all: (objects) => {
          names.clear();
          for (const object of objects) names.add(nameOf(object));
        },
        changed: (object, isThere) => {
          if (isThere) names.add(nameOf(object));
          else names.delete(nameOf(object));
        },
      },
    );
  }

  async #known({ namespace, pod, shown, object }: Touched): Promise<string | undefined> {
    const has = (kind: string, name: string) => this.#exempt.get(kind)?.has(name) === true;
    if (has("Namespace", `/${namespace}`)) return `its namespace`;
    if (object && has(object.kind, `${namespace}/${object.name}`)) return "it";
    if (pod === undefined) return undefined;
    if (has("Pod", `${namespace}/${pod}`)) return "it";
    const hasWorkloads = WORKLOADS.some(({ kind }) =>
      [...(this.#exempt.get(kind) ?? [])].some((name) => name.startsWith(`${namespace}/`)),
    );
    if (!hasWorkloads) return undefined;
    const found = shown ?? (await this.#metadata({ resource: PODS, namespace, name: pod }));
    if (!found) return undefined;
    const { name, controller = name } = workloadOf(shaped(found, POD), namespace);
    for (const one of [controller, name]) {
      const [, kind = "", called = ""] = one.split("/");
      if (has(kind, `${namespace}/${called}`)) return `its ${kind} ${called}`;
    }
    return undefined;
  }

  async #read({ namespace, pod, shown, object }: Touched): Promise<string | undefined> {
    const isExempt = (one: KubernetesObject | undefined) => one?.metadata?.labels?.[this.#label] === "true";
    if (isExempt(await this.#metadata({ resource: NAMESPACES, name: namespace }))) return "its namespace";
    const resource = WORKLOADS.find(({ kind }) => kind === object?.kind);
    if (object && resource && isExempt(await this.#metadata({ resource, namespace, name: object.name }))) return "it";
    if (pod === undefined) return undefined;
    const found = shown ? shaped(shown, OBJECT) : await this.#metadata({ resource: PODS, namespace, name: pod });
    if (isExempt(found)) return "it";
    let owned: KubernetesObject | undefined = found;
    for (let level = 0; owned && level < LEVELS; level++) {
      const controller = controllerOf(owned);
      if (!controller?.resource) return undefined;
      const { kind, name } = controller;
      owned = await this.#metadata({ resource: controller.resource, namespace, name });
      if (isExempt(owned)) return `its ${kind} ${name}`;
    }
    return undefined;
  }

  async #metadata(at: Place): Promise<KubernetesObject | undefined> {
    const object = await ifThere(this.#cluster.metadata(at));
    return object && shaped(object, OBJECT);
  }
}

function nameOf({ metadata: { namespace = "", name = "" } = {} }: KubernetesObject): string {
  return `${namespace}/${name}`;
}
