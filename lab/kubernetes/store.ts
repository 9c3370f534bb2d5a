import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { isJson } from "./object.ts";
import type { KubernetesObject, ObjectInput } from "./object.ts";
import { RESOURCES } from "./resources.ts";
import type { Resource } from "./resources.ts";
import {
  alreadyExists,
  badRequest,
  beingDeleted,
  conflict,
  forbidden,
  invalid,
  notFound,
  terminatingNamespace,
} from "./status.ts";
import { checkKind, checkNamespacePreconditions, checkPreconditions, metadataCauses } from "./validation.ts";
import type { Preconditions } from "./validation.ts";

/** What a delete may ask for. @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/ */
export interface DeleteOptions {
  gracePeriodSeconds?: number;
  preconditions?: Preconditions;
  dryRun?: string[];
}

/** What a change was, for those who watch. */
export type ChangeType = "ADDED" | "MODIFIED" | "DELETED";
export type ChangeListener = (type: ChangeType, object: KubernetesObject) => void;

/** What a delete left: `gone` is false while a grace period runs. */
export interface Deletion {
  object: KubernetesObject;
  gone: boolean;
}

/**
 * The objects of the embedded Kubernetes API, with the real server's rules for names, UIDs, versions and deletes.
 * For the lab and the tests alone.
 */
export class Store {
  readonly resources: readonly Resource[];
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #kubelets = new Map<string, NodeJS.Timeout>();
  readonly #listeners = new Set<ChangeListener>();
  readonly #graceScale: number;
  #version = 0;

  /** @param graceScale how long a grace period's second lasts, in seconds; less than one for those who can't wait */
  constructor(resources: readonly Resource[] = RESOURCES, graceScale = 1) {
    this.resources = resources;
    this.#graceScale = graceScale;
  }

  /** The version a list carries. */
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

  /** @throws StatusError 404 */
  get(resource: Resource, namespace: string, name: string): KubernetesObject {
    return structuredClone(this.#find(resource, namespace, name));
  }

  /**
   * Sorted by namespace and name.
   *
   * @param namespace empty for every namespace
   */
  list(resource: Resource, namespace: string): KubernetesObject[] {
    const prefix = namespace === "" ? `${keyOf(resource)}/` : `${keyOf(resource)}/${namespace}/`;
    const found = [...this.#objects].filter(([key]) => key.startsWith(prefix));
    return found.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => structuredClone(object));
  }

  /**
   * Creates an object as a client would: the server chooses the UID, and the status starts anew.
   *
   * @param dryRun changes nothing, and answers as if it had
   * @throws StatusError 400, 404 (namespace), 409 or 422
   */
  create(resource: Resource, namespace: string, input: ObjectInput, dryRun = false): KubernetesObject {
    const { generateName, ...meta } = input.metadata;
    const name = meta.name ?? (generateName === undefined ? "" : `${generateName}${randomUUID().slice(0, 5)}`);
    if (meta.namespace !== undefined && resource.namespaced && meta.namespace !== namespace) {
      throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
    }
    checkKind(this.resources, resource, input);
    this.#checkNamespace(resource, namespace, name);
    const { status, ...rest } = input;
    const object = this.#stamp(resource, namespace, name, {
      ...rest,
      ...(status === undefined || resource.statusSubresource ? {} : { status }),
      metadata: given({ labels: meta.labels, annotations: meta.annotations, ownerReferences: meta.ownerReferences }),
    });
    const there = this.#objects.get(keyOf(resource, namespace, name));
    if (there)
      throw (there.metadata.deletionTimestamp === undefined ? alreadyExists : beingDeleted)(
        resource.group,
        resource.resource,
        name,
      );
    this.#check(resource, object);
    if (!dryRun) return this.#put(resource, "ADDED", object);
    Reflect.deleteProperty(object.metadata, "resourceVersion");
    return object;
  }

  /**
   * Puts an object there as it is, status and UID included: how the lab and the tests set a scene.
   * Its namespace is created where missing; an object of the same name is replaced.
   */
  place(resource: Resource, input: ObjectInput): KubernetesObject {
    const namespace = resource.namespaced ? (input.metadata.namespace ?? "default") : "";
    const namespaces = this.#namespaces;
    if (namespaces && namespace !== "" && !this.#objects.has(keyOf(namespaces, "", namespace))) {
      this.place(namespaces, { metadata: { name: namespace } });
    }
    const object = this.#stamp(resource, namespace, input.metadata.name ?? "", input);
    this.#check(resource, object);
    this.#stopKubelet(object.metadata.uid);
    return this.#put(resource, "ADDED", object);
  }

  /**
   * Replaces an object; `part` says whether all but the status is written, or the status alone.
   *
   * @param dryRun changes nothing, and answers as if it had
   * @throws StatusError 400, 404, 409 when the version sent isn't the current one, or 422
   */
  update(
    resource: Resource,
    namespace: string,
    name: string,
    part: "object" | "status",
    input: ObjectInput,
    dryRun = false,
  ): KubernetesObject {
    if (input.metadata.name !== name) {
      throw badRequest(
        `the name of the object (${input.metadata.name ?? ""}) does not match the name on the URL (${name})`,
      );
    }
    const current = this.#find(resource, namespace, name);
    if (input.metadata.uid !== undefined && input.metadata.uid !== current.metadata.uid) {
      const key = `/registry/${keyOf(resource, namespace, name).replace(/^\//, "")}`;
      const why = `Precondition failed: UID in precondition: ${input.metadata.uid}, UID in object meta: ${current.metadata.uid}`;
      throw conflict(
        resource.group,
        resource.resource,
        name,
        `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
      );
    }
    const sent = input.metadata.resourceVersion;
    if (sent !== undefined && sent !== "" && sent !== current.metadata.resourceVersion) {
      throw conflict(
        resource.group,
        resource.resource,
        name,
        "the object has been modified; please apply your changes to the latest version and try again",
      );
    }
    const kept =
      part === "status"
        ? { ...current, status: input.status }
        : { ...input, ...(resource.statusSubresource ? { status: current.status } : {}) };
    const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds } = current.metadata;
    const generation = isDeepStrictEqual(kept.spec, current.spec)
      ? current.metadata.generation
      : next(current.metadata.generation);
    const changed = this.#stamp(resource, namespace, name, {
      ...(kept as ObjectInput),
      metadata: {
        ...(part === "status" ? current.metadata : input.metadata),
        ...given({ uid, creationTimestamp, generation, deletionTimestamp, deletionGracePeriodSeconds }),
      },
    });
    this.#check(resource, changed);
    // a change that changes nothing makes no new version
    if (
      isDeepStrictEqual({ ...changed.metadata, resourceVersion: "" }, { ...current.metadata, resourceVersion: "" }) &&
      isDeepStrictEqual({ ...changed, metadata: {} }, { ...current, metadata: {} })
    ) {
      return structuredClone(current);
    }
    if (!dryRun) return this.#put(resource, "MODIFIED", changed);
    changed.metadata.resourceVersion = current.metadata.resourceVersion;
    return changed;
  }

  /**
   * Deletes as the real server does: preconditions first; a pod on a node stays until its grace period is over,
   * and a later delete can only shorten that; a namespace takes what is in it along.
   *
   * @see https://github.com/kubernetes/apiserver/blob/master/pkg/registry/rest/delete.go (BeforeDelete)
   * @throws StatusError 403, 404 or 409
   */
  delete(resource: Resource, namespace: string, name: string, options: DeleteOptions = {}): Deletion {
    if (resource.immortal?.includes(name))
      throw forbidden(resource.group, resource.resource, name, "this namespace may not be deleted");
    const current = this.#find(resource, namespace, name);
    const { metadata } = current;
    const dryRun = options.dryRun?.includes("All") ?? false;
    if (resource.holdsObjects) {
      checkNamespacePreconditions(resource, current, options.preconditions);
      return this.#deleteNamespace(resource, current, dryRun);
    }
    checkPreconditions(resource, current, options.preconditions);
    const asked =
      options.gracePeriodSeconds === undefined || options.gracePeriodSeconds >= 0 ? options.gracePeriodSeconds : 1;
    const running = metadata.deletionGracePeriodSeconds;
    if (running !== undefined && running > 0 && (asked === undefined || asked >= running)) {
      return { object: structuredClone(current), gone: false };
    }
    const object = structuredClone(current);
    if (resource.gracePeriod) {
      // A second delete moves the end forward from when the first one came.
      const start =
        metadata.deletionTimestamp === undefined
          ? Date.now()
          : Date.parse(metadata.deletionTimestamp) - (running ?? 0) * 1000;
      const seconds = running === undefined ? Math.max(resource.gracePeriod(current, asked), 0) : (asked ?? 0);
      object.metadata.deletionTimestamp = rfc3339(start + seconds * 1000);
      object.metadata.deletionGracePeriodSeconds = seconds;
      if (running === undefined && object.metadata.generation !== undefined) object.metadata.generation += 1;
      if (dryRun) return { object, gone: seconds === 0 };
      if (seconds > 0) {
        const terminating = this.#put(resource, "MODIFIED", object);
        this.#startKubelet(resource, terminating, start + seconds * 1000 * this.#graceScale - Date.now());
        return { object: terminating, gone: false };
      }
    }
    if (!dryRun) this.#remove(resource, object);
    return { object, gone: true };
  }

  /** Stops what still runs. */
  close(): void {
    for (const timer of this.#kubelets.values()) clearTimeout(timer);
    this.#kubelets.clear();
    this.#listeners.clear();
  }

  #find(resource: Resource, namespace: string, name: string): KubernetesObject {
    const object = this.#objects.get(keyOf(resource, namespace, name));
    if (!object) throw notFound(resource.group, resource.resource, name);
    return object;
  }

  #stamp(resource: Resource, namespace: string, name: string, input: ObjectInput): KubernetesObject {
    const object: KubernetesObject = {
      ...structuredClone(input),
      apiVersion: resource.group === "" ? resource.version : `${resource.group}/${resource.version}`,
      kind: resource.kind,
      metadata: {
        uid: randomUUID(),
        creationTimestamp: rfc3339(Date.now()),
        ...structuredClone(input.metadata),
        name,
        ...(resource.namespaced ? { namespace } : {}),
        resourceVersion: "",
      },
    };
    if (object.status === undefined) delete object.status;
    resource.prepare?.(object);
    return object;
  }

  #check(resource: Resource, object: KubernetesObject): void {
    const causes = [...metadataCauses(resource, object), ...(resource.validate?.(object) ?? [])];
    if (causes.length > 0) throw invalid(resource.group, resource.kind, object.metadata.name, causes);
  }

  #checkNamespace(resource: Resource, namespace: string, name: string): void {
    const namespaces = this.#namespaces;
    if (!resource.namespaced || !namespaces) return;
    const { metadata } = this.#find(namespaces, "", namespace);
    if (metadata.deletionTimestamp !== undefined)
      throw terminatingNamespace(resource.group, resource.resource, name, namespace);
  }

  get #namespaces(): Resource | undefined {
    return this.resources.find(({ group, resource }) => group === "" && resource === "namespaces");
  }

  /** A namespace takes what is in it along, and goes when the last of that has gone. */
  #deleteNamespace(resource: Resource, current: KubernetesObject, dryRun: boolean): Deletion {
    const object = structuredClone(current);
    if (object.metadata.deletionTimestamp !== undefined) return { object, gone: false };
    object.metadata.deletionTimestamp = rfc3339(Date.now());
    object.status = { ...object.status, phase: "Terminating" };
    if (dryRun) return { object, gone: false };
    const answer = this.#put(resource, "MODIFIED", object);
    const { name } = object.metadata;
    for (const one of this.resources.filter(({ namespaced }) => namespaced)) {
      for (const { metadata } of this.list(one, name)) this.delete(one, name, metadata.name);
    }
    this.#leaveNamespace(name);
    return { object: answer, gone: !this.#objects.has(keyOf(resource, "", name)) };
  }

  #leaveNamespace(name: string): void {
    const namespaces = this.#namespaces;
    const namespace = namespaces && this.#objects.get(keyOf(namespaces, "", name));
    if (!namespaces || namespace?.metadata.deletionTimestamp === undefined) return;
    if ([...this.#objects.values()].every(({ metadata }) => metadata.namespace !== name))
      this.#remove(namespaces, namespace);
  }

  #put(resource: Resource, type: ChangeType, object: KubernetesObject): KubernetesObject {
    const { name, namespace = "" } = object.metadata;
    this.#version += 1;
    object.metadata.resourceVersion = this.version;
    this.#objects.set(keyOf(resource, namespace, name), object);
    this.#tell(type, object);
    return structuredClone(object);
  }

  #remove(resource: Resource, object: KubernetesObject): void {
    const { name, namespace = "", uid } = object.metadata;
    this.#version += 1;
    object.metadata.resourceVersion = this.version;
    this.#stopKubelet(uid);
    this.#objects.delete(keyOf(resource, namespace, name));
    this.#tell("DELETED", object);
    if (namespace !== "") this.#leaveNamespace(namespace);
  }

  /** Stands for the kubelet: takes the object away when its grace period is over. */
  #startKubelet(resource: Resource, object: KubernetesObject, delay: number): void {
    const { uid, name, namespace = "" } = object.metadata;
    this.#stopKubelet(uid);
    const timer = setTimeout(
      () => {
        const current = this.#objects.get(keyOf(resource, namespace, name));
        if (current?.metadata.uid === uid) this.#remove(resource, current);
      },
      Math.max(delay, 0),
    );
    timer.unref();
    this.#kubelets.set(uid, timer);
  }

  #stopKubelet(uid: string): void {
    clearTimeout(this.#kubelets.get(uid));
    this.#kubelets.delete(uid);
  }

  #tell(type: ChangeType, object: KubernetesObject): void {
    for (const listener of this.#listeners) listener(type, structuredClone(object));
  }
}

/** `pods/default/alpine`; `namespaces//default` for what has no namespace. */
function keyOf(resource: Resource, namespace?: string, name?: string): string {
  const base = `${resource.group}/${resource.resource}`;
  return namespace === undefined || name === undefined ? base : `${base}/${namespace}/${name}`;
}

function next(generation: number | undefined): number | undefined {
  return generation === undefined ? undefined : generation + 1;
}

/** Kubernetes' times have no fraction of a second. */
function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}

function given<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Whether a body can be taken as an object: it has a metadata object. */
export function isObjectInput(value: unknown): value is ObjectInput {
  return isJson(value) && isJson(value["metadata"]);
}
