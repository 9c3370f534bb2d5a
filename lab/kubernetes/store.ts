import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { Contents, keyOf } from "./contents.ts";
import type { ChangeListener } from "./contents.ts";
import { Deleter } from "./deletion.ts";
import type { DeleteOptions, Deletion } from "./deletion.ts";
import { rfc3339 } from "./object.ts";
import type { KubernetesObject, ObjectInput } from "./object.ts";
import { apiVersionOf, RESOURCES } from "./resources.ts";
import type { Resource } from "./resources.ts";
import { alreadyExists, badRequest, beingDeleted, conflict, invalid, terminatingNamespace } from "./status.ts";
import { checkKind, metadataCauses } from "./validation.ts";

/**
 * The objects of the embedded Kubernetes API, with the real server's rules for names, UIDs, versions and deletes.
 * For the lab and the tests alone.
 */
export class Store {
  readonly resources: readonly Resource[];
  readonly #contents: Contents;
  readonly #deleter: Deleter;

  /** @param graceScale how long a grace period's second lasts, in seconds; less than one for those who can't wait */
  constructor(resources: readonly Resource[] = RESOURCES, graceScale = 1) {
    this.resources = resources;
    this.#contents = new Contents(resources);
    this.#deleter = new Deleter(this.#contents, resources, graceScale);
  }

  /** The version a list carries. */
  get version(): string {
    return this.#contents.version;
  }

  /** Calls back on every change from now on, until the function it returns is called. */
  watch(listener: ChangeListener): () => void {
    return this.#contents.watch(listener);
  }

  /** The changes after a version; undefined where they are no longer known. */
  changesSince(version: string): readonly Parameters<ChangeListener>[] | undefined {
    return this.#contents.changesSince(Number(version));
  }

  /** @throws StatusError 404 */
  get(resource: Resource, namespace: string, name: string): KubernetesObject {
    return structuredClone(this.#contents.find(resource, namespace, name));
  }

  /**
   * Sorted by namespace and name.
   *
   * @param namespace empty for every namespace
   */
  list(resource: Resource, namespace: string): KubernetesObject[] {
    return this.#contents.list(resource, namespace);
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
    const object = stamp(resource, namespace, name, {
      ...rest,
      ...(status === undefined || resource.statusSubresource ? {} : { status }),
      metadata: given({ labels: meta.labels, annotations: meta.annotations, ownerReferences: meta.ownerReferences }),
    });
    const there = this.#contents.at(resource, namespace, name);
    if (there)
      throw (there.metadata.deletionTimestamp === undefined ? alreadyExists : beingDeleted)(
        resource.group,
        resource.resource,
        name,
      );
    check(resource, object);
    if (!dryRun) return this.#contents.put(resource, "ADDED", object);
    Reflect.deleteProperty(object.metadata, "resourceVersion");
    return object;
  }

  /**
   * Puts an object there as it is, status and UID included: how the lab and the tests set a scene.
   * Its namespace is created where missing; an object of the same name is replaced.
   */
  place(resource: Resource, input: ObjectInput): KubernetesObject {
    const namespace = resource.namespaced ? (input.metadata.namespace ?? "default") : "";
    const { namespaces } = this.#contents;
    if (namespaces && namespace !== "" && !this.#contents.at(namespaces, "", namespace))
      this.place(namespaces, { metadata: { name: namespace } });
    const object = stamp(resource, namespace, input.metadata.name ?? "", input);
    check(resource, object);
    this.#contents.keep(object.metadata.uid);
    return this.#contents.put(resource, "ADDED", object);
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
    const current = this.#contents.find(resource, namespace, name);
    checkSent(resource, current, input);
    const changed = stamp(resource, namespace, name, merged(resource, current, part, input));
    check(resource, changed);
    // a change that changes nothing makes no new version
    if (isSame(changed, current)) return structuredClone(current);
    if (!dryRun) return this.#contents.put(resource, "MODIFIED", changed);
    changed.metadata.resourceVersion = current.metadata.resourceVersion;
    return changed;
  }

  /**
   * Deletes, at once or when a grace period is over.
   *
   * @throws StatusError 403, 404 or 409
   */
  delete(resource: Resource, namespace: string, name: string, options: DeleteOptions = {}): Deletion {
    return this.#deleter.delete(resource, namespace, name, options);
  }

  /** Stops what still runs. */
  close(): void {
    this.#contents.close();
  }

  #checkNamespace(resource: Resource, namespace: string, name: string): void {
    const { namespaces } = this.#contents;
    if (!resource.namespaced || !namespaces) return;
    const { metadata } = this.#contents.find(namespaces, "", namespace);
    if (metadata.deletionTimestamp !== undefined)
      throw terminatingNamespace(resource.group, resource.resource, name, namespace);
  }
}

/** What the server itself writes into an object. */
function stamp(resource: Resource, namespace: string, name: string, input: ObjectInput): KubernetesObject {
  const object: KubernetesObject = {
    ...structuredClone(input),
    apiVersion: apiVersionOf(resource),
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

/** @throws StatusError 422 */
function check(resource: Resource, object: KubernetesObject): void {
  const causes = [...metadataCauses(resource, object), ...(resource.validate?.(object) ?? [])];
  if (causes.length > 0) throw invalid(resource.group, resource.kind, object.metadata.name, causes);
}

/** A UID or a version that is sent along must be the current one. @throws StatusError 409 */
function checkSent(resource: Resource, { metadata }: KubernetesObject, { metadata: sent }: ObjectInput): void {
  const refuse = (why: string): never => {
    throw conflict(resource.group, resource.resource, metadata.name, why);
  };
  if (sent.uid !== undefined && sent.uid !== metadata.uid) {
    const key = `/registry/${keyOf(resource, metadata.namespace ?? "", metadata.name).replace(/^\//, "")}`;
    const why = `Precondition failed: UID in precondition: ${sent.uid}, UID in object meta: ${metadata.uid}`;
    refuse(`StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`);
  }
  const { resourceVersion } = sent;
  if (resourceVersion !== undefined && resourceVersion !== "" && resourceVersion !== metadata.resourceVersion)
    refuse("the object has been modified; please apply your changes to the latest version and try again");
}

/** What a change makes of an object: the part that is written, and of the metadata what the server keeps. */
function merged(
  resource: Resource,
  current: KubernetesObject,
  part: "object" | "status",
  input: ObjectInput,
): ObjectInput {
  const kept =
    part === "status"
      ? { ...current, status: input.status }
      : { ...input, ...(resource.statusSubresource ? { status: current.status } : {}) };
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds } = current.metadata;
  const generation = isDeepStrictEqual(kept.spec, current.spec)
    ? current.metadata.generation
    : next(current.metadata.generation);
  return {
    ...(kept as ObjectInput),
    metadata: {
      ...(part === "status" ? current.metadata : input.metadata),
      ...given({ uid, creationTimestamp, generation, deletionTimestamp, deletionGracePeriodSeconds }),
    },
  };
}

/** Whether nothing but the version tells two objects apart. */
function isSame(one: KubernetesObject, other: KubernetesObject): boolean {
  const unversioned = (object: KubernetesObject) => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: "" },
  });
  return isDeepStrictEqual(unversioned(one), unversioned(other));
}

function next(generation: number | undefined): number | undefined {
  return generation === undefined ? undefined : generation + 1;
}

function given<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
