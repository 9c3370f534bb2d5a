import type { PodReference } from "../../alerts/named.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import type { Permission } from "../../kubernetes/permission.ts";
import { PODS } from "../../kubernetes/resources.ts";
import { POD, shaped } from "../../kubernetes/shapes.ts";
import { LIMITS } from "../../limits.ts";
import { isNamespace, isObjectName, isUid } from "../../names.ts";
import { containerWithId } from "./containers.ts";

/** What it takes to look for a container among a node's pods. */
export const FIND_BY_CONTAINER: Permission = { apiGroup: "", resource: "pods", verbs: ["list"] };

/**
 * The one pod of a node that has a container, or had it before that restarted, with its UID; or why there is none to
 * go by.
 * @param containerId its first characters
 * @throws {ApiError}
 */
export async function findByContainer(
  cluster: Cluster,
  containerId: string,
  node: string,
): Promise<PodReference | string> {
  const selector = { fieldSelector: `spec.nodeName=${node}`, limit: LIMITS.podsOnNode };
  const { items: having, more } = await cluster.list({ resource: PODS }, selector, (item) => {
    const pod = shaped(item, POD);
    return pod.spec?.nodeName === node && containerWithId(pod, containerId) ? pod : undefined;
  });
  const [one] = having;
  if (!one) {
    const looked = more ? `none of the first ${LIMITS.podsOnNode} pods` : "no pod";
    return `${looked} on node ${node} has it`;
  }
  if (having.length > 1) return `${having.length} pods on node ${node} say that they have it`;
  const { namespace = "", name = "", uid = "" } = one.metadata ?? {};
  if (!isNamespace(namespace) || !isObjectName(name) || !isUid(uid))
    return `the pod on node ${node} that has it has no name`;
  return { namespace, name, uid, containerId };
}
