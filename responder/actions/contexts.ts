import type { PodReference } from "../alerts/named.ts";
import { findPod } from "./pods/find-pod.ts";
import { ifThere } from "../kubernetes/if-there.ts";
import { NODES } from "../kubernetes/resources.ts";
import { NODE, shaped } from "../kubernetes/shapes.ts";
import { isObjectName } from "../names.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { Permission } from "../kubernetes/permission.ts";

/** What an action can be told beyond the alert. */
export interface Context {
  /** As in a rules file's `additional_contexts`. */
  name: string;
  permissions: readonly Permission[];
  /** By name ("node.hostname"); empty where the pod is gone or is on no node. */
  read: (cluster: Cluster, pod: PodReference) => Promise<ReadonlyMap<string, string>>;
}

/** @see https://docs.falco-talon.org/docs/actionners/contexts/ */
export const CONTEXTS: readonly Context[] = [
  {
    name: "k8snode",
    permissions: [
      { apiGroup: "", resource: "pods", verbs: ["get"] },
      { apiGroup: "", resource: "nodes", verbs: ["get"] },
    ],
    read: async (cluster, reference) => {
      const found = await findPod(cluster, reference);
      const name = "pod" in found ? found.pod.spec?.nodeName : undefined;
      if (name === undefined || !isObjectName(name)) return new Map();
      // of a node that is gone before its pods, nothing is known
      const node = await ifThere(cluster.get({ resource: NODES, name }));
      const { metadata, spec } = node ? shaped(node, NODE) : {};
      const labels = metadata?.labels ?? {};
      const values = {
        "node.hostname": labels["kubernetes.io/hostname"],
        "node.instancetype": labels["node.kubernetes.io/instance-type"],
        "node.role": labels["kubernetes.io/role"],
        "node.topology.region": labels["topology.kubernetes.io/region"],
        "node.topology.zone": labels["topology.kubernetes.io/zone"],
        "node.spec.providerid": spec?.providerID,
      };
      return new Map(Object.entries(values).flatMap(([key, value]) => (value ? [[key, value] as const] : [])));
    },
  },
];
