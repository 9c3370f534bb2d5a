import type { V1Pod } from "@kubernetes/client-node";
import { controllerOf } from "../actions/pods/controller.ts";

/** What sets a Deployment's pods of one template apart from those of another; its ReplicaSets' names end in it. */
const TEMPLATE = "pod-template-hash";

/**
 * What a pod belongs to at the top, "NAMESPACE/KIND/NAME": its Deployment or CronJob, as the names of ReplicaSets and
 * Jobs tell without a request, else its controller; itself where nothing controls it. Who can make pods can make one
 * that seems to be another workload's.
 * @see https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label
 */
export function workloadOf(pod: V1Pod, namespace: string): { name: string; controller: string | undefined } {
  const controller = controllerOf(pod);
  if (!controller) return { name: `${namespace}/Pod/${pod.metadata?.name ?? ""}`, controller: undefined };
  const { kind, name } = controller;
  const full = `${namespace}/${kind}/${name}`;
  const hash = pod.metadata?.labels?.[TEMPLATE];
  if (kind === "ReplicaSet" && hash && name.endsWith(`-${hash}`))
    return { name: `${namespace}/Deployment/${name.slice(0, -hash.length - 1)}`, controller: full };
  // a CronJob's Jobs are called after the minute they are for
  const [, cronJob] = (kind === "Job" && /^(.+)-\d{8,10}$/.exec(name)) || [];
  return { name: cronJob === undefined ? full : `${namespace}/CronJob/${cronJob}`, controller: full };
}
