import type { V1OwnerReference, V1Pod } from "@kubernetes/client-node";
import { clusterError, type Cluster } from "../cluster.ts";
import type { Permission } from "../permissions.ts";
import { flag, podActionner, type PodOccasion, type Result } from "./action.ts";
import { findPod } from "./find-pod.ts";

interface Parameters {
  grace_period_seconds: number;
  ignore_daemonsets: boolean;
  ignore_statefulsets: boolean;
  ignore_standalone_pods: boolean;
  min_healthy_replicas: Minimum | null;
}

/** A number of ready pods, or a share of the wanted ones in percent. */
interface Minimum {
  value: number;
  unit: "pods" | "percent";
}

export const terminate = podActionner<Parameters>({
  name: "kubernetes:terminate",
  description: "Deletes the pod that raised the alert, and no other",
  continue: false,
  parameters: {
    grace_period_seconds: {
      description: "Seconds the pod's processes have to end by themselves; 0 kills them at once",
      allowed: "a whole number of seconds, 0 or more",
      default: 0,
      parse: (value) => wholeNumber(value),
    },
    ignore_daemonsets: flag("Leaves pods of a DaemonSet alone"),
    ignore_statefulsets: flag("Leaves pods of a StatefulSet alone"),
    ignore_standalone_pods: flag("Leaves pods alone that no controller would replace"),
    min_healthy_replicas: {
      description: "Leaves the pod alone where its ReplicaSet or StatefulSet has fewer ready pods than this",
      allowed: 'a number of pods ("2") or a share of the wanted ones ("33%", 0% to 100%)',
      default: null,
      parse: parseMinimum,
    },
  },
  permissions: (parameters) => {
    const needed: Permission[] = [{ apiGroup: "", resource: "pods", verbs: ["get", "delete"] }];
    if (parameters.min_healthy_replicas) {
      needed.push({ apiGroup: "apps", resource: "replicasets", verbs: ["get"] });
      needed.push({ apiGroup: "apps", resource: "statefulsets", verbs: ["get"] });
    }
    return needed;
  },
  example: `- action: Terminate the pod
  actionner: kubernetes:terminate
  parameters:
    grace_period_seconds: 5
    ignore_daemonsets: true
    ignore_statefulsets: true
    min_healthy_replicas: 33%
`,
  run: async (occasion, parameters) => {
    const { pod, cluster } = occasion;
    if (pod.uid !== undefined && !asksAboutThePod(parameters)) return await deletePod(occasion, pod.uid, parameters);

    const found = await findPod(cluster, pod);
    if ("outcome" in found) return found;
    const objection = await objectionTo(found.pod, parameters, cluster);
    if (objection !== undefined) {
      return { outcome: "ignored", message: `left pod ${pod.namespace}/${pod.name} alone: ${objection}` };
    }
    return await deletePod(occasion, found.uid, parameters);
  },
});

async function deletePod({ pod, cluster }: PodOccasion, uid: string, parameters: Parameters): Promise<Result> {
  const { namespace, name } = pod;
  const described = `pod ${namespace}/${name} (uid ${uid})`;
  try {
    await cluster.core.deleteNamespacedPod({
      namespace,
      name,
      body: { gracePeriodSeconds: parameters.grace_period_seconds, preconditions: { uid } },
    });
    return { outcome: "terminated", message: `terminated ${described}` };
  } catch (thrown) {
    const error = clusterError(thrown);
    if (error.code === 404) return { outcome: "gone", message: `${described} is already gone` };
    // a conflict on anything but the UID is passing, and a retry settles it
    if (error.code === 409 && /UID in (the )?precondition/.test(error.message)) {
      return {
        outcome: "replaced",
        message: `${described} is already gone; another pod has its name now and was left alone`,
      };
    }
    throw thrown;
  }
}

function asksAboutThePod(parameters: Parameters): boolean {
  return (
    parameters.ignore_daemonsets ||
    parameters.ignore_statefulsets ||
    parameters.ignore_standalone_pods ||
    parameters.min_healthy_replicas !== null
  );
}

async function objectionTo(pod: V1Pod, parameters: Parameters, cluster: Cluster): Promise<string | undefined> {
  const owner = pod.metadata?.ownerReferences?.find(({ controller }) => controller);
  if (!owner) return parameters.ignore_standalone_pods ? "no controller would replace it" : undefined;
  if (owner.kind === "DaemonSet" && parameters.ignore_daemonsets) return `it belongs to DaemonSet ${owner.name}`;
  if (owner.kind === "StatefulSet" && parameters.ignore_statefulsets) return `it belongs to StatefulSet ${owner.name}`;
  if (!parameters.min_healthy_replicas) return undefined;
  const replicas = await replicasOf(owner, pod.metadata?.namespace ?? "", cluster);
  return replicas && tooFew(replicas, parameters.min_healthy_replicas, `${owner.kind} ${owner.name}`);
}

interface Replicas {
  ready: number;
  wanted: number;
}

/** undefined where the owner keeps no replicas (a Job), or is gone. */
async function replicasOf(
  { kind, name, apiVersion }: V1OwnerReference,
  namespace: string,
  { apps }: Cluster,
): Promise<Replicas | undefined> {
  if (!apiVersion.startsWith("apps/")) return undefined;
  try {
    const owner =
      kind === "ReplicaSet" ? await apps.readNamespacedReplicaSet({ name, namespace })
      : kind === "StatefulSet" ? await apps.readNamespacedStatefulSet({ name, namespace })
      : undefined;
    return owner && { ready: owner.status?.readyReplicas ?? 0, wanted: owner.spec?.replicas ?? 1 };
  } catch (thrown) {
    if (clusterError(thrown).code === 404) return undefined;
    throw thrown;
  }
}

function tooFew({ ready, wanted }: Replicas, minimum: Minimum, owner: string): string | undefined {
  const healthy = minimum.unit === "pods" ? ready : wanted === 0 ? 100 : (ready / wanted) * 100;
  if (healthy >= minimum.value) return undefined;
  const wish = minimum.unit === "pods" ? `${minimum.value}` : `${minimum.value}%`;
  return `${owner} has ${ready} of ${wanted} pods ready, min_healthy_replicas is ${wish}`;
}

function wholeNumber(value: unknown): number | undefined {
  const text = typeof value === "number" || typeof value === "string" ? String(value) : "";
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function parseMinimum(value: unknown): Minimum | undefined {
  if (typeof value === "string" && value.endsWith("%")) {
    const percent = wholeNumber(value.slice(0, -1));
    return percent !== undefined && percent <= 100 ? { value: percent, unit: "percent" } : undefined;
  }
  const pods = wholeNumber(value);
  return pods === undefined ? undefined : { value: pods, unit: "pods" };
}
