import type { Contents } from "./contents.ts";
import type { KubernetesObject } from "./object.ts";
import { rfc3339 } from "./object.ts";
import type { Resource } from "./resources.ts";
import { forbidden } from "./status.ts";
import { checkNamespacePreconditions, checkPreconditions } from "./validation.ts";
import type { Preconditions } from "./validation.ts";

/** What a delete may ask for. @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/ */
export interface DeleteOptions {
  gracePeriodSeconds?: number;
  preconditions?: Preconditions;
  dryRun?: string[];
}

/** What a delete left: `gone` is false while a grace period runs. */
export interface Deletion {
  object: KubernetesObject;
  gone: boolean;
}

/** Deletes objects of the embedded Kubernetes API as the real server does. */
export class Deleter {
  readonly #contents: Contents;
  readonly #resources: readonly Resource[];
  readonly #graceScale: number;

  constructor(contents: Contents, resources: readonly Resource[], graceScale: number) {
    this.#contents = contents;
    this.#resources = resources;
    this.#graceScale = graceScale;
  }

  /**
   * Preconditions first; a pod on a node stays until its grace period is over, and a later delete can only shorten
   * that; a namespace takes what is in it along.
   *
   * @see https://github.com/kubernetes/apiserver/blob/master/pkg/registry/rest/delete.go (BeforeDelete)
   * @throws StatusError 403, 404 or 409
   */
  delete(resource: Resource, namespace: string, name: string, options: DeleteOptions): Deletion {
    if (resource.immortal?.includes(name))
      throw forbidden(resource.group, resource.resource, name, "this namespace may not be deleted");
    const current = this.#contents.find(resource, namespace, name);
    const dryRun = options.dryRun?.includes("All") ?? false;
    if (resource.holdsObjects) {
      checkNamespacePreconditions(resource, current, options.preconditions);
      return this.#deleteNamespace(resource, current, dryRun);
    }
    checkPreconditions(resource, current, options.preconditions);
    const asked =
      options.gracePeriodSeconds === undefined || options.gracePeriodSeconds >= 0 ? options.gracePeriodSeconds : 1;
    const running = current.metadata.deletionGracePeriodSeconds;
    if (running !== undefined && running > 0 && (asked === undefined || asked >= running))
      return { object: structuredClone(current), gone: false };
    if (resource.gracePeriod) {
      const seconds = running === undefined ? Math.max(resource.gracePeriod(current, asked), 0) : (asked ?? 0);
      return this.#deleteWithGrace(resource, current, seconds, dryRun);
    }
    const object = structuredClone(current);
    if (!dryRun) this.#contents.remove(resource, object);
    return { object, gone: true };
  }

  #deleteWithGrace(resource: Resource, current: KubernetesObject, seconds: number, dryRun: boolean): Deletion {
    const { deletionTimestamp, deletionGracePeriodSeconds: running } = current.metadata;
    const object = structuredClone(current);
    const { metadata } = object;
    // A second delete moves the end forward from when the first one came.
    const start = deletionTimestamp === undefined ? Date.now() : Date.parse(deletionTimestamp) - (running ?? 0) * 1000;
    metadata.deletionTimestamp = rfc3339(start + seconds * 1000);
    metadata.deletionGracePeriodSeconds = seconds;
    if (running === undefined && metadata.generation !== undefined) metadata.generation += 1;
    if (dryRun) return { object, gone: seconds === 0 };
    if (seconds === 0) {
      this.#contents.remove(resource, object);
      return { object, gone: true };
    }
    const terminating = this.#contents.put(resource, "MODIFIED", object);
    this.#contents.removeAfter(resource, terminating, start + seconds * 1000 * this.#graceScale - Date.now());
    return { object: terminating, gone: false };
  }

  /** A namespace takes what is in it along, and goes when the last of that has gone. */
  #deleteNamespace(resource: Resource, current: KubernetesObject, dryRun: boolean): Deletion {
    const object = structuredClone(current);
    if (object.metadata.deletionTimestamp !== undefined) return { object, gone: false };
    object.metadata.deletionTimestamp = rfc3339(Date.now());
    object.status = { ...object.status, phase: "Terminating" };
    if (dryRun) return { object, gone: false };
    const answer = this.#contents.put(resource, "MODIFIED", object);
    const { name } = object.metadata;
    for (const one of this.#resources.filter(({ namespaced }) => namespaced)) {
      for (const { metadata } of this.#contents.list(one, name)) this.delete(one, name, metadata.name, {});
    }
    this.#contents.leaveNamespace(name);
    return { object: answer, gone: this.#contents.at(resource, "", name) === undefined };
  }
}
