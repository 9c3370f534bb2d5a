import type { Alert } from "../alerts/alert.ts";
import type { ObjectReference, PodReference } from "../alerts/named.ts";
import { DELETABLE, type Resource } from "../kubernetes/resources.ts";
import { plain } from "../text.ts";
import type { Result } from "./outcome.ts";

/** What an actionner works on. */
export type Target =
  /** The pod that the alert names. */
  | "pod"
  /** The node that pod is on, or that an alert of the host comes from. */
  | "node"
  /** The object that an audit alert names. */
  | "object";

/** What an action would touch, as far as the alert says; `namespace` is undefined for what is in none. */
export interface Subject {
  described: string;
  namespace: string | undefined;
  /** The object itself, as a Kubernetes Event refers to it. */
  reference: { apiVersion: string; kind: string; name: string; namespace?: string; uid?: string };
  /** What tells it from another of its name, as far as the alert says. */
  identity: string;
}

/** What the alert names for an action on such a target; a result where there is nothing to act on. */
export function subjectOf({ named }: Alert, target: Target): Subject | Result {
  if (named.unusable !== undefined) {
    return { outcome: "failed", message: `nothing was done: the alert's ${named.unusable}` };
  }
  if (target === "object") return objectSubject(named.object);
  if (named.pod) return podSubject(named.pod);
  if (target === "node" && named.node !== undefined) return nodeSubject(named.node);
  if (named.containerId !== undefined) {
    const looked = named.lookedFor === undefined ? "" : `, ${named.lookedFor}`;
    const message = `nothing was done: Falco could not name the pod of container ${named.containerId}${looked}`;
    return { outcome: "failed", message };
  }
  return { outcome: "no-pod", message: `the alert names no ${target}, nothing was done` };
}

function podSubject({ namespace, name, uid, containerId = "" }: PodReference): Subject {
  const reference = { apiVersion: "v1", kind: "Pod", namespace, name, ...(uid !== undefined && { uid }) };
  return { described: `pod ${namespace}/${name}`, namespace, reference, identity: uid ?? containerId };
}

function nodeSubject(name: string): Subject {
  return {
    described: `node ${name}`,
    namespace: undefined,
    reference: { apiVersion: "v1", kind: "Node", name },
    identity: "",
  };
}

function objectSubject(object: ObjectReference | undefined): Subject | Result {
  if (!object) {
    return { outcome: "no-pod", message: "the alert names no ka.target.resource and ka.target.name, nothing was done" };
  }
  const resource = resourceOf(object);
  const { name, namespace, group = "" } = object;
  if (!resource) {
    const kind = `"${object.resource}"${group === "" ? "" : ` of the API group ${group}`}`;
    const message = `nothing was done: the alert's ka.target.resource, ${kind}, is none that can be deleted`;
    return { outcome: "failed", message };
  }
  if (resource.namespaced && namespace === undefined) {
    return { outcome: "no-pod", message: "the alert names no ka.target.namespace, nothing was done" };
  }
  if (!resource.isName(name)) {
    const message = `nothing was done: the alert's ka.target.name, "${plain(name, 80)}", is no name of a ${resource.kind}`;
    return { outcome: "failed", message };
  }
  const within = resource.namespaced && namespace !== undefined ? { namespace } : {};
  return {
    described: `${resource.name} ${namespace !== undefined && resource.namespaced ? `${namespace}/` : ""}${name}`,
    // a namespace counts as in itself, so that a protected one can't be deleted either
    namespace: resource.name === "namespaces" ? name : within.namespace,
    reference: { apiVersion: resource.apiVersion, kind: resource.kind, name, ...within },
    identity: "",
  };
}

/**
 * The kind of object that an audit alert names; undefined for one that is never deleted. Of an alert that doesn't say
 * of which API group it is, Kubernetes' own.
 */
export function resourceOf({ resource, group }: ObjectReference): Resource | undefined {
  return DELETABLE.find((known) => known.name === resource && (group ?? known.group) === known.group);
}
