import type { V1Pod } from "@kubernetes/client-node";
import type { Cluster } from "../../kubernetes/cluster.ts";
import type { Permission } from "../../kubernetes/permission.ts";
import { REPLICASETS, STATEFULSETS } from "../../kubernetes/resources.ts";
import { controllerOf, readController, type Controller } from "./controller.ts";
import { flag, wholeNumber, type Parameter } from "../parameters.ts";

/** What an action on pods can be told to leave alone. */
export interface LeftAloneParameters {
  ignore_daemonsets: boolean;
  ignore_statefulsets: boolean;
  min_healthy_replicas: Minimum | null;
}

/** A number of ready pods, or a share of the wanted ones in percent. */
interface Minimum {
  value: number;
  unit: "pods" | "percent";
}

export const LEFT_ALONE_PARAMETERS: { [Name in keyof LeftAloneParameters]: Parameter<LeftAloneParameters[Name]> } = {
  ignore_daemonsets: flag("Leaves pods of a DaemonSet alone"),
  ignore_statefulsets: flag("Leaves pods of a StatefulSet alone"),
  min_healthy_replicas: {
    description: "Leaves a pod alone where its ReplicaSet or StatefulSet has fewer ready pods than this",
    allowed: 'a number of pods ("2") or a share of the wanted ones ("33%", 0% to 100%)',
    schema: { type: ["integer", "string"], minimum: 0, pattern: "^\\d{1,9}%?$" },
    default: null,
    parse: parseMinimum,
  },
};

/** What it takes to find out. */
export function leftAlonePermissions({ min_healthy_replicas }: LeftAloneParameters): Permission[] {
  if (!min_healthy_replicas) return [];
  return [REPLICASETS, STATEFULSETS].map(({ group, name }) => ({ apiGroup: group, resource: name, verbs: ["get"] }));
}

/** Why the pod is to be left alone; undefined where it isn't. */
export async function whyLeftAlone(
  pod: V1Pod,
  parameters: LeftAloneParameters,
  cluster: Cluster,
): Promise<string | undefined> {
  const owner = controllerOf(pod);
  if (!owner) return undefined;
  // of another group, a kind of that name is anybody's
  const kind = owner.resource?.kind;
  if (kind === "DaemonSet" && parameters.ignore_daemonsets) return `it belongs to DaemonSet ${owner.name}`;
  if (kind === "StatefulSet" && parameters.ignore_statefulsets) return `it belongs to StatefulSet ${owner.name}`;
  if (!parameters.min_healthy_replicas) return undefined;
  const replicas = await replicasOf(owner, pod.metadata?.namespace ?? "", cluster);
  return replicas && tooFew(replicas, parameters.min_healthy_replicas, `${owner.kind} ${owner.name}`);
}

interface Replicas {
  ready: number;
  wanted: number;
}

/** undefined where the owner keeps no replicas (a Job), or is gone. */
async function replicasOf(owner: Controller, namespace: string, cluster: Cluster): Promise<Replicas | undefined> {
  if (owner.resource !== REPLICASETS && owner.resource !== STATEFULSETS) return undefined;
  const object = await readController(cluster, namespace, owner);
  return object && { ready: object.status?.readyReplicas ?? 0, wanted: object.spec?.replicas ?? 1 };
}

function tooFew({ ready, wanted }: Replicas, minimum: Minimum, owner: string): string | undefined {
  const healthy = minimum.unit === "pods" ? ready : wanted === 0 ? 100 : (ready / wanted) * 100;
  if (healthy >= minimum.value) return undefined;
  const wish = minimum.unit === "pods" ? `${minimum.value}` : `${minimum.value}%`;
  return `${owner} has ${ready} of ${wanted} pods ready, min_healthy_replicas is ${wish}`;
}

function parseMinimum(value: unknown): Minimum | undefined {
  if (typeof value === "string" && value.endsWith("%")) {
    const percent = wholeNumber(value.slice(0, -1));
    return percent !== undefined && percent <= 100 ? { value: percent, unit: "percent" } : undefined;
  }
  const pods = wholeNumber(value);
  return pods === undefined ? undefined : { value: pods, unit: "pods" };
}
