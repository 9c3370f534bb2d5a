import { isMap } from "../../responder/json.ts";
import type { KubernetesObject } from "./object.ts";
import type { Cause } from "./status.ts";

/** One kind of object the embedded API serves. A new one is one more entry of {@link RESOURCES}. */
export interface Resource {
  /** Empty for the core group. */
  group: string;
  version: string;
  /** The plural name in paths and roles. */
  resource: string;
  kind: string;
  namespaced: boolean;
  /** Its status is written through `/status` alone. */
  statusSubresource: boolean;
  /** A delete answers with the object; other resources answer with a Status. */
  returnsDeleted: boolean;
  /** Its names need not be those of a domain. */
  freelyNamed?: boolean;
  /** The fields a list can select by besides its metadata's, with the value of an object that has none. */
  fields?: Readonly<Record<string, string>>;
  /** An object stands for the namespace of its name, and takes what is in it along. */
  holdsObjects?: boolean;
  /** Objects that are there from the start, and that nobody may delete. */
  immortal?: readonly string[];
  /** Fills in what the real server fills in on create. */
  prepare?: (object: KubernetesObject) => void;
  /** What is wrong with an object somebody wants to create or change. */
  validate?: (object: KubernetesObject) => Cause[];
  /**
   * The grace period of a delete, in seconds: 0 deletes at once.
   *
   * @param asked the request's `gracePeriodSeconds`
   */
  gracePeriod?: (object: KubernetesObject, asked: number | undefined) => number;
}

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/pod/strategy.go (CheckGracefulDelete) */
function podGracePeriod(pod: KubernetesObject, asked: number | undefined): number {
  const default_ = pod.spec?.["terminationGracePeriodSeconds"];
  const phase = pod.status?.["phase"];
  if (!pod.spec?.["nodeName"] || phase === "Failed" || phase === "Succeeded") return 0;
  return asked ?? (typeof default_ === "number" ? default_ : 0);
}

function preparePod(pod: KubernetesObject): void {
  pod.spec = { terminationGracePeriodSeconds: 30, restartPolicy: "Always", ...pod.spec };
  pod.status ??= { phase: "Pending", qosClass: "BestEffort" };
  pod.metadata.generation ??= 1;
}

function validatePod(pod: KubernetesObject): Cause[] {
  const containers = pod.spec?.["containers"];
  if (!Array.isArray(containers) || containers.length === 0) {
    return [{ reason: "FieldValueRequired", message: "Required value", field: "spec.containers" }];
  }
  return containers.flatMap((container: unknown, index) =>
    ["name", "image"]
      .filter((field) => !isMap(container) || typeof container[field] !== "string" || container[field] === "")
      .map((field) => ({
        reason: "FieldValueRequired",
        message: "Required value",
        field: `spec.containers[${index}].${field}`,
      })),
  );
}

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/events.go */
function validateEvent({ metadata, involvedObject }: KubernetesObject): Cause[] {
  const involved =
    isMap(involvedObject) && typeof involvedObject["namespace"] === "string" ? involvedObject["namespace"] : "";
  // what is in no namespace has its events in this one
  if ((involved === "" ? "default" : involved) === metadata.namespace) return [];
  return [
    {
      reason: "FieldValueInvalid",
      message: `Invalid value: "${involved}": does not match event.namespace`,
      field: "involvedObject.namespace",
    },
  ];
}

/** A resource as most are: in a namespace, and answering a delete with a Status. */
function plain(group: string, resource: string, kind: string, more: Partial<Resource> = {}): Resource {
  return {
    group,
    version: "v1",
    resource,
    kind,
    namespaced: true,
    statusSubresource: false,
    returnsDeleted: false,
    ...more,
  };
}

/** One whose spec somebody carries out: it counts the spec's changes and keeps a status. */
function controlled(group: string, resource: string, kind: string, more: Partial<Resource> = {}): Resource {
  return plain(group, resource, kind, { statusSubresource: true, prepare: countChanges, ...more });
}

function countChanges(object: KubernetesObject): void {
  object.metadata.generation ??= 1;
}

function fieldsOf(...names: string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, ""]));
}

/** `v1` for the core group, else `apps/v1`. */
export function apiVersionOf({ group, version }: Pick<Resource, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}

/** What the embedded API serves. */
export const RESOURCES: readonly Resource[] = [
  plain("", "namespaces", "Namespace", {
    namespaced: false,
    statusSubresource: true,
    returnsDeleted: true,
    fields: fieldsOf("status.phase"),
    holdsObjects: true,
    immortal: ["default", "kube-system", "kube-public"],
    prepare: (namespace) => {
      namespace.metadata.labels = {
        ...namespace.metadata.labels,
        "kubernetes.io/metadata.name": namespace.metadata.name,
      };
      namespace.status ??= { phase: "Active" };
    },
  }),
  plain("", "nodes", "Node", { namespaced: false, statusSubresource: true, fields: { "spec.unschedulable": "false" } }),
  plain("", "pods", "Pod", {
    statusSubresource: true,
    returnsDeleted: true,
    fields: fieldsOf(
      "spec.nodeName",
      "spec.restartPolicy",
      "spec.schedulerName",
      "spec.serviceAccountName",
      "status.phase",
      "status.podIP",
    ),
    prepare: preparePod,
    validate: validatePod,
    gracePeriod: podGracePeriod,
  }),
  plain("", "events", "Event", {
    freelyNamed: true,
    fields: fieldsOf(
      ...["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].map(
        (name) => `involvedObject.${name}`,
      ),
      "reason",
      "reportingComponent",
      "type",
    ),
    validate: validateEvent,
  }),
  plain("", "configmaps", "ConfigMap"),
  plain("", "secrets", "Secret", {
    fields: fieldsOf("type"),
    prepare: (secret) => {
      secret["type"] ??= "Opaque";
    },
  }),
  plain("", "services", "Service", {
    statusSubresource: true,
    returnsDeleted: true,
    fields: fieldsOf("spec.clusterIP", "spec.type"),
  }),
  plain("", "serviceaccounts", "ServiceAccount", { returnsDeleted: true }),
  controlled("apps", "deployments", "Deployment"),
  controlled("apps", "replicasets", "ReplicaSet"),
  controlled("apps", "statefulsets", "StatefulSet"),
  controlled("apps", "daemonsets", "DaemonSet"),
  // its pods are let go of first, so the answer is a Job on its way out
  controlled("batch", "jobs", "Job", {
    returnsDeleted: true,
    gracePeriod: () => 0,
    fields: { "status.successful": "0" },
  }),
  controlled("batch", "cronjobs", "CronJob"),
  controlled("networking.k8s.io", "networkpolicies", "NetworkPolicy", { statusSubresource: false }),
  controlled("networking.k8s.io", "ingresses", "Ingress"),
  controlled("policy", "poddisruptionbudgets", "PodDisruptionBudget", { freelyNamed: true }),
  plain("rbac.authorization.k8s.io", "roles", "Role"),
  plain("rbac.authorization.k8s.io", "rolebindings", "RoleBinding"),
  plain("rbac.authorization.k8s.io", "clusterroles", "ClusterRole", { namespaced: false }),
  plain("rbac.authorization.k8s.io", "clusterrolebindings", "ClusterRoleBinding", { namespaced: false }),
];

/**
 * One of {@link RESOURCES} by its plural name, to place objects of it.
 *
 * @throws Error where there is none
 */
export function resourceNamed(plural: string): Resource {
  const found = RESOURCES.find(({ resource }) => resource === plural);
  if (!found) throw new Error(`the embedded API serves no ${plural}`);
  return found;
}
