import { ApiError } from "./errors.ts";
import { isNamespace, isObjectName, isPathSegment } from "../names.ts";

/** A kind of object, and where the API keeps it. */
export interface Resource {
  kind: string;
  /** The plural in paths and roles. */
  name: string;
  group: string;
  /** "v1", "apps/v1". */
  apiVersion: string;
  namespaced: boolean;
  isName: (text: string) => boolean;
  /** The answer to a deletion that took it away at once is the object as it was; for other kinds it is a Status. */
  shownAsItWas?: boolean;
}

function resource(kind: string, group = "", more: Partial<Resource> = {}): Resource {
  const apiVersion = group === "" ? "v1" : `${group}/v1`;
  return { kind, name: `${kind.toLowerCase()}s`, group, apiVersion, namespaced: true, isName: isObjectName, ...more };
}

const RBAC = "rbac.authorization.k8s.io";
const CLUSTER_WIDE = { namespaced: false };

export const PODS = resource("Pod");
export const CONFIGMAPS = resource("ConfigMap");
export const EVENTS = resource("Event");
export const NODES = resource("Node", "", CLUSTER_WIDE);
export const NAMESPACES = resource("Namespace", "", { ...CLUSTER_WIDE, isName: isNamespace });
export const REPLICASETS = resource("ReplicaSet", "apps");
export const STATEFULSETS = resource("StatefulSet", "apps");
export const NETWORKPOLICIES = resource("NetworkPolicy", "networking.k8s.io", { name: "networkpolicies" });

/** What owns pods, or their owners, among Kubernetes' own kinds. */
export const WORKLOADS: readonly Resource[] = [
  REPLICASETS,
  resource("Deployment", "apps"),
  STATEFULSETS,
  resource("DaemonSet", "apps"),
  resource("Job", "batch"),
  resource("CronJob", "batch"),
];

/** What an audit alert may name for kubernetes:delete. */
export const DELETABLE: readonly Resource[] = [
  CONFIGMAPS,
  PODS,
  resource("Secret"),
  resource("Service", "", { shownAsItWas: true }),
  resource("ServiceAccount", "", { shownAsItWas: true }),
  ...WORKLOADS,
  resource("Ingress", "networking.k8s.io", { name: "ingresses" }),
  NETWORKPOLICIES,
  resource("RoleBinding", RBAC, { isName: isPathSegment }),
  resource("Role", RBAC, { isName: isPathSegment }),
  resource("ClusterRoleBinding", RBAC, { ...CLUSTER_WIDE, isName: isPathSegment }),
  resource("ClusterRole", RBAC, { ...CLUSTER_WIDE, isName: isPathSegment }),
  NAMESPACES,
];

/** One object, or (without `name`) all of a kind in a namespace or the cluster. */
export interface Place {
  resource: Resource;
  namespace?: string | undefined;
  name?: string | undefined;
  subresource?: "log" | "exec" | "eviction";
}

/**
 * The path of a place, which nothing but names can stand in: the last of the checks, whoever forgot the first.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
 * @throws {ApiError}
 */
export function pathOf({
  resource: { group, apiVersion, kind, name: plural, namespaced, isName },
  ...place
}: Place): string {
  const { namespace, name, subresource } = place;
  if (namespace !== undefined && (!namespaced || !isNamespace(namespace)))
    throw new ApiError("name", `"${namespace}" is no name of a namespace`);
  if (name !== undefined && (!isName(name) || (namespaced && namespace === undefined)))
    throw new ApiError("name", `"${name}" is no name of a ${kind}`);
  const parts = [group === "" ? "/api" : "/apis", apiVersion];
  if (namespace !== undefined) parts.push("namespaces", namespace);
  parts.push(plural);
  if (name !== undefined) parts.push(encodeURIComponent(name));
  if (subresource !== undefined) parts.push(subresource);
  return parts.join("/");
}
