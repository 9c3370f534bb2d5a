import { isContainerId, isContainerName, isNamespace, isObjectName, isUid } from "../names.ts";
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
  /** A container's name, where an audit alert says in which the command was run. */
  container?: string;
  /** What stands where the container's id should, and is none: nothing is run in any container then. */
  unknownContainer?: string;
  /** When the alert was raised, in milliseconds since 1970: a younger pod can't have raised it. */
  raisedAt?: number;
}

/** What an audit alert says the request was about. */
export interface ObjectReference {
  /** The plural: "pods", "configmaps". */
  resource: string;
  /** Of the API, "" for the core one; undefined where the alert doesn't say. */
  group?: string;
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
  /** The node on which that container runs. */
  containerNode?: string;
  /** Why looking for its pod there has found none, in words. */
  lookedFor?: string;
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
  const object = objectIn(fields, checked);
  const pod = podIn(fields, checked) ?? podOfObject(object, checked);
  const host = hostname !== undefined && isObjectName(hostname) ? hostname : undefined;
  const isOfHost = !pod && !object && fields.get("container.id") === HOST;
  const node = isOfHost ? host : undefined;
  // of a container that Falco could not name; an alert of the audit log is about none
  const containerId =
    pod || object || fields.get("container.id") === HOST
      ? undefined
      : checked("container.id", isContainerId, "container's id");
  const raisedAt = raisedAtOf(time);
  const raised = raisedAt === undefined ? {} : { raisedAt };
  if (problems.length > 0) return { unusable: problems.join("; ") };
  return {
    ...(pod && { pod: { ...pod, ...raised } }),
    ...(object && { object: { ...object, ...raised } }),
    ...(node !== undefined && { node }),
    ...(containerId !== undefined && { containerId, ...(host !== undefined && { containerNode: host }) }),
  };
}

/** Milliseconds that two nodes' clocks may differ by. */
const MOST_SKEW = 60_000;

/**
 * When an alert was raised, in milliseconds since 1970; undefined where it doesn't say, or says what can't be: whatever
 * comes before a time that is still to come would count as older than the alert.
 */
export function raisedAtOf(time: string | undefined): number | undefined {
  const at = Date.parse(time ?? "");
  return at <= Date.now() + MOST_SKEW ? at : undefined;
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
    ...(containerId !== undefined &&
      (isContainerId(containerId) ? { containerId } : { unknownContainer: plain(containerId, 80) })),
  };
}

/** A creation with `generateName` has its name in the answer alone. */
function objectIn(fields: Fields, checked: Checked): ObjectReference | undefined {
  const resource = checked("ka.target.resource", (text) => /^[a-z]{1,63}$/.test(text), "resource");
  const target = checked("ka.target.name", isAuditName, "name of an object");
  const subresource = checked("ka.target.subresource", (text) => /^[a-z]{1,63}$/.test(text), "subresource");
  // what is asked of a part of an object is answered with something else, which has a name of its own or none
  const name =
    target ?? (subresource === undefined ? checked("ka.resp.name", isAuditName, "name of an object") : undefined);
  const namespace = checked("ka.target.namespace", isNamespace, "name of a namespace");
  const group = groupIn(fields);
  if (resource === undefined || name === undefined) return undefined;
  return {
    resource,
    ...(group !== undefined && { group }),
    name,
    ...(namespace !== undefined && { namespace }),
    ...(subresource !== undefined && { subresource }),
  };
}

/** What may be called so depends on the resource (a role may be "system:node"): who acts on it knows. */
function isAuditName(text: string): boolean {
  return isObjectName(text) || (/^[\w:.-]{1,253}$/.test(text) && !/^\.+$/.test(text));
}

/**
 * Kinds of several groups share a plural: "services" are Knative's, too.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
 */
function groupIn(fields: Fields): string | undefined {
  const [, core, group] = /^\/(?:(api)|apis\/([a-z0-9.-]{1,253}))\//.exec(fields.get("ka.uri") ?? "") ?? [];
  return core === undefined ? group : "";
}

function podOfObject(object: ObjectReference | undefined, checked: Checked): PodReference | undefined {
  if (object?.resource !== "pods" || object.namespace === undefined || !isObjectName(object.name)) return undefined;
  if ((object.group ?? "") !== "") return undefined;
  const container = checked("ka.uri.param[container]", isContainerName, "name of a container");
  return { namespace: object.namespace, name: object.name, ...(container !== undefined && { container }) };
}
