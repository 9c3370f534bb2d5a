import { isJson } from "./object.ts";
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
      .filter((field) => !isJson(container) || typeof container[field] !== "string" || container[field] === "")
      .map((field) => ({ reason: "FieldValueRequired", message: "Required value", field: `spec.containers[${index}].${field}` })),
  );
}

function workload(resource: string, kind: string): Resource {
  return {
    group: "apps",
    version: "v1",
    resource,
    kind,
    namespaced: true,
    statusSubresource: true,
    returnsDeleted: false,
    prepare: (object) => {
      object.metadata.generation ??= 1;
    },
  };
}

/** What the embedded API serves. */
export const RESOURCES: readonly Resource[] = [
  {
    group: "",
    version: "v1",
    resource: "namespaces",
    kind: "Namespace",
    namespaced: false,
    statusSubresource: true,
    returnsDeleted: true,
    prepare: (namespace) => {
      namespace.status ??= { phase: "Active" };
    },
  },
  {
    group: "",
    version: "v1",
    resource: "pods",
    kind: "Pod",
    namespaced: true,
    statusSubresource: true,
    returnsDeleted: true,
    prepare: preparePod,
    validate: validatePod,
    gracePeriod: podGracePeriod,
  },
  workload("replicasets", "ReplicaSet"),
  workload("statefulsets", "StatefulSet"),
  workload("daemonsets", "DaemonSet"),
];
