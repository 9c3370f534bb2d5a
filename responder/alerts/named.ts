import { isContainerId, isNamespace, isObjectName, isUid } from "../names.ts";
import { plain } from "../text.ts";

/**
 * The pod that an alert names. It is known to be that one, and no other of its name, by `uid` (where Falco was told to
 * add k8s.pod.uid), by a container's id, or, where the alert has neither, by being as old as the alert at least.
 */
export interface PodReference {
  namespace: string;
  name: string;
  uid?: string;
  /** The first characters of it, 12 as Falco gives it. */
  containerId?: string;
  /** When the alert was raised, in milliseconds since 1970: a younger pod can't have raised it. */
  raisedAt?: number;
}

/** What an audit alert says the request was about. */
export interface ObjectReference {
  /** The plural: "pods", "configmaps". */
  resource: string;
  name: string;
  /** undefined for what is in none. */
  namespace?: string;
  /** "exec", "attach" … */
  subresource?: string;
  raisedAt?: number;
}

/** What an alert says it is about: each found once, here, and checked against what Kubernetes allows. */
export interface Named {
  pod?: PodReference;
  object?: ObjectReference;
  /** The node of an alert of the host. */
  node?: string;
  /** The container of an alert that names no pod: Falco could not find out whose it is. */
  containerId?: string;
  /** What it names that nothing can be called, in words: nothing is done for such an alert. */
  unusable?: string;
}

type Fields = ReadonlyMap<string, string>;

/** A field's value that stands for "not a container". */
const HOST = "host";

/**
 * Finds what an alert is about: `k8s.*` and `container.id` of a syscall's, `ka.*` of an audit log's.
 * @see https://falco.org/docs/reference/rules/supported-fields/
 * @see https://github.com/falcosecurity/plugins/tree/main/plugins/k8saudit#supported-fields
 */
export function namedBy(
  fields: Fields,
  { hostname, time }: { hostname?: string | undefined; time?: string | undefined },
): Named {
  const problems: string[] = [];
  const checked = (field: string, isValid: (text: string) => boolean, what: string): string | undefined => {
    const value = fields.get(field);
    if (value === undefined || isValid(value)) return value;
    problems.push(`${field}: "${plain(value, 80)}" is no ${what}`);
    return undefined;
  };
  const object = objectIn(checked);
  const pod = podIn(fields, checked) ?? podOfObject(object);
  const containerId = pod || fields.get("container.id") === HOST ? undefined : fields.get("container.id");
  const isOfHost = !pod && !object && fields.get("container.id") === HOST;
  const node = isOfHost && hostname !== undefined && isObjectName(hostname) ? hostname : undefined;
  const raisedAt = Date.parse(time ?? "");
  const raised = Number.isNaN(raisedAt) ? {} : { raisedAt };
  if (problems.length > 0) return { unusable: problems.join("; ") };
  return {
    ...(pod && { pod: { ...pod, ...raised } }),
    ...(object && { object: { ...object, ...raised } }),
    ...(node !== undefined && { node }),
    ...(containerId !== undefined && isContainerId(containerId) && { containerId }),
  };
}

type Checked = (field: string, isValid: (text: string) => boolean, what: string) => string | undefined;

function podIn(fields: Fields, checked: Checked): PodReference | undefined {
  const namespace = checked("k8s.ns.name", isNamespace, "name of a namespace");
  const name = checked("k8s.pod.name", isObjectName, "name of a pod");
  if (namespace === undefined || name === undefined) return undefined;
  const uid = checked("k8s.pod.uid", isUid, "UID");
  const containerId = fields.get("container.id");
  return {
    namespace,
    name,
    ...(uid !== undefined && { uid }),
    ...(containerId !== undefined && isContainerId(containerId) && { containerId }),
  };
}

/** A creation with `generateName` has its name in the answer alone. */
function objectIn(checked: Checked): ObjectReference | undefined {
  const resource = checked("ka.target.resource", (text) => /^[a-z]{1,63}$/.test(text), "resource");
  const target = checked("ka.target.name", isAuditName, "name of an object");
  const name = target ?? checked("ka.resp.name", isAuditName, "name of an object");
  const namespace = checked("ka.target.namespace", isNamespace, "name of a namespace");
  const subresource = checked("ka.target.subresource", (text) => /^[a-z]{1,63}$/.test(text), "subresource");
  if (resource === undefined || name === undefined) return undefined;
  return {
    resource,
    name,
    ...(namespace !== undefined && { namespace }),
    ...(subresource !== undefined && { subresource }),
  };
}

/** What may be called so depends on the resource (a role may be "system:node"): who acts on it knows. */
function isAuditName(text: string): boolean {
  return isObjectName(text) || (/^[\w:.-]{1,253}$/.test(text) && !/^\.+$/.test(text));
}

function podOfObject(object: ObjectReference | undefined): PodReference | undefined {
  if (object?.resource !== "pods" || object.namespace === undefined || !isObjectName(object.name)) return undefined;
  return { namespace: object.namespace, name: object.name };
}
