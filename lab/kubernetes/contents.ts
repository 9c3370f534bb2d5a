import type { KubernetesObject } from "./object.ts";
import type { Resource } from "./resources.ts";
import { notFound } from "./status.ts";

/** What a change was, for those who watch. */
export type ChangeType = "ADDED" | "MODIFIED" | "DELETED";
/** `before` is what the object was; undefined for a new one. */
export type ChangeListener = (type: ChangeType, object: KubernetesObject, before?: KubernetesObject) => void;

/** How many changes are remembered for those who watch from an earlier version on. */
const REMEMBERED = 2000;

/**
 * What the embedded Kubernetes API holds: objects by kind, namespace and name, their versions, who watches them, and
 * the ends that are to come. It checks nothing.
 */
export class Contents {
  readonly #objects = new Map<string, KubernetesObject>();
  /** By UID. */
  readonly #kubelets = new Map<string, NodeJS.Timeout>();
  readonly #listeners = new Set<ChangeListener>();
  readonly #changes: Parameters<ChangeListener>[] = [];
  /** Undefined where no namespaces are served. */
  readonly namespaces: Resource | undefined;
  #version = 0;

  constructor(resources: readonly Resource[]) {
    this.namespaces = resources.find(({ group, resource }) => group === "" && resource === "namespaces");
  }

  /** The version of the last change. */
  get version(): string {
    return String(this.#version);
  }

  /** Calls back on every change from now on, until the function it returns is called. */
  watch(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** The changes after a version; undefined where they are no longer known. */
  changesSince(version: number): readonly Parameters<ChangeListener>[] | undefined {
    const versionOf = (change: Parameters<ChangeListener>) => Number(change[1].metadata.resourceVersion);
    const since = this.#changes.filter((change) => versionOf(change) > version);
    return since.length === this.#version - version ? since : undefined;
  }

  /** The object itself, not a copy of it. */
  at(resource: Resource, namespace: string, name: string): KubernetesObject | undefined {
    return this.#objects.get(keyOf(resource, namespace, name));
  }

  /** The same. @throws StatusError 404 */
  find(resource: Resource, namespace: string, name: string): KubernetesObject {
    const object = this.at(resource, namespace, name);
    if (!object) throw notFound(resource.group, resource.resource, name);
    return object;
  }

  /**
   * Copies, sorted by namespace and name.
   *
   * @param namespace empty for every namespace
   */
  list(resource: Resource, namespace: string): KubernetesObject[] {
    const prefix = namespace === "" ? `${keyOf(resource)}/` : `${keyOf(resource)}/${namespace}/`;
    const found = [...this.#objects].filter(([key]) => key.startsWith(prefix));
    return found.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => structuredClone(object));
  }

  /** Gives the object a new version and puts it in its place. @returns a copy */
  put(resource: Resource, type: ChangeType, object: KubernetesObject): KubernetesObject {
    const { name, namespace = "" } = object.metadata;
    const before = this.#objects.get(keyOf(resource, namespace, name));
    this.#countChange(object);
    this.#objects.set(keyOf(resource, namespace, name), object);
    this.#tell(type, object, before);
    return structuredClone(object);
  }

  remove(resource: Resource, object: KubernetesObject): void {
    const { name, namespace = "", uid } = object.metadata;
    this.#countChange(object);
    this.keep(uid);
    this.#objects.delete(keyOf(resource, namespace, name));
    this.#tell("DELETED", object, object);
    if (namespace !== "") this.leaveNamespace(namespace);
  }

  /** Stands for the kubelet: takes the object away when its grace period, in milliseconds, is over. */
  removeAfter(resource: Resource, { metadata }: KubernetesObject, delay: number): void {
    const { uid, name, namespace = "" } = metadata;
    this.keep(uid);
    const timer = setTimeout(
      () => {
        const current = this.at(resource, namespace, name);
        if (current?.metadata.uid === uid) this.remove(resource, current);
      },
      Math.max(delay, 0),
    );
    timer.unref();
    this.#kubelets.set(uid, timer);
  }

  /** Calls off the end of an object. */
  keep(uid: string): void {
    clearTimeout(this.#kubelets.get(uid));
    this.#kubelets.delete(uid);
  }

  /** A namespace that is on its way out goes when the last of what is in it has gone. */
  leaveNamespace(name: string): void {
    const namespace = this.namespaces && this.at(this.namespaces, "", name);
    if (!this.namespaces || namespace?.metadata.deletionTimestamp === undefined) return;
    if ([...this.#objects.values()].every(({ metadata }) => metadata.namespace !== name))
      this.remove(this.namespaces, namespace);
  }

  /** Stops what still runs. */
  close(): void {
    for (const timer of this.#kubelets.values()) clearTimeout(timer);
    this.#kubelets.clear();
    this.#listeners.clear();
  }

  #countChange(object: KubernetesObject): void {
    this.#version += 1;
    object.metadata.resourceVersion = this.version;
  }

  #tell(type: ChangeType, object: KubernetesObject, before?: KubernetesObject): void {
    this.#changes.push([type, structuredClone(object), before]);
    if (this.#changes.length > REMEMBERED) this.#changes.shift();
    for (const listener of this.#listeners) listener(type, structuredClone(object), before);
  }
}

/** `/pods/default/alpine`; `/namespaces//default` for what has no namespace. */
export function keyOf(resource: Resource, namespace?: string, name?: string): string {
  const base = `${resource.group}/${resource.resource}`;
  return namespace === undefined || name === undefined ? base : `${base}/${namespace}/${name}`;
}
