import { isMap } from "../../responder/json.ts";
import type { SidekickPayload } from "../falcosidekick.ts";
import type { KubernetesObject } from "../kubernetes/object.ts";
import type { LabPod } from "./pods.ts";

/** The pod an alert names; undefined for the host's, and for a name no pod can have. */
export function podNamedBy({ output_fields: fields }: SidekickPayload): LabPod | undefined {
  const [namespace, name, uid, container] = ["k8s.ns.name", "k8s.pod.name", "k8s.pod.uid", "container.id"].map((key) =>
    textOf(fields[key]),
  );
  const named = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
  if (namespace === undefined || name === undefined || !named.test(namespace) || !named.test(name)) return undefined;
  return {
    namespace,
    name,
    ...(uid === undefined ? {} : { uid }),
    ...(container !== undefined && /^[0-9a-f]{12,64}$/.test(container) ? { containerId: container } : {}),
  };
}

/** Whether a pod is the one that raised the alert: the one of its UID, or with its container; no name is enough. */
export function isNamedPod(named: LabPod, { metadata, status }: KubernetesObject): boolean {
  if (metadata.namespace !== named.namespace || metadata.name !== named.name) return false;
  if (named.uid !== undefined) return metadata.uid === named.uid;
  const { containerId } = named;
  const statuses: unknown = status?.["containerStatuses"];
  const ids = Array.isArray(statuses) ? statuses.filter(isMap).map((one) => String(one["containerID"])) : [];
  return containerId !== undefined && ids.some((id) => id.startsWith(`containerd://${containerId}`));
}

/** The object that an alert of the audit log is about. */
export interface AuditTarget {
  /** The plural name, such as `configmaps`. */
  resource: string;
  /** Undefined for what is in no namespace. */
  namespace: string | undefined;
  name: string;
}

/** The object that an alert of the audit log names. */
export function targetNamedBy({ output_fields: fields }: SidekickPayload): AuditTarget | undefined {
  const [resource, namespace, name] = ["resource", "namespace", "name"].map((key) =>
    textOf(fields[`ka.target.${key}`]),
  );
  return resource === undefined || name === undefined ? undefined : { resource, namespace, name };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value !== "<NA>" ? value : undefined;
}
