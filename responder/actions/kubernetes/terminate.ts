import type { V1Pod } from "@kubernetes/client-node";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { PODS } from "../../kubernetes/resources.ts";
import { flag, WHOLE_NUMBER, wholeNumber } from "../parameters.ts";
import { podActionner, type PodOccasion } from "../actionner.ts";
import type { Result } from "../outcome.ts";
import { deletionShown } from "../shown.ts";
import { findPod, staticPodResult } from "../pods/find-pod.ts";
import { goneOrReplaced } from "../pods/gone-or-replaced.ts";
import { controllerOf } from "../pods/controller.ts";
import {
  LEFT_ALONE_PARAMETERS,
  whyLeftAlone,
  leftAlonePermissions,
  type LeftAloneParameters,
} from "../pods/left-alone.ts";

interface Parameters extends LeftAloneParameters {
  grace_period_seconds: number;
  ignore_standalone_pods: boolean;
}

export const terminate = podActionner<Parameters>({
  name: "kubernetes:terminate",
  description: "Deletes the pod that raised the alert, and no other",
  continue: false,
  repeatable: true,
  disrupts: 1,
  givesOutput: false,
  parameters: {
    grace_period_seconds: {
      description: "Seconds the pod's processes have to end by themselves; 0 kills them at once",
      allowed: "a whole number of seconds, 0 or more",
      schema: WHOLE_NUMBER,
      default: 0,
      parse: wholeNumber,
    },
    ...LEFT_ALONE_PARAMETERS,
    ignore_standalone_pods: flag("Leaves pods alone that no controller would replace"),
  },
  permissions: (parameters) => [
    { apiGroup: "", resource: "pods", verbs: ["get", "delete"] },
    ...leftAlonePermissions(parameters),
  ],
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
    if (found.isStatic) return staticPodResult(pod, found.pod.spec?.nodeName);
    const objection = await objectionTo(found.pod, parameters, cluster);
    if (objection !== undefined) {
      return { outcome: "ignored", message: `left pod ${pod.namespace}/${pod.name} alone: ${objection}` };
    }
    return await deletePod(occasion, found.uid, parameters);
  },
});

async function deletePod({ pod, cluster }: PodOccasion, uid: string, parameters: Parameters): Promise<Result> {
  const { namespace, name } = pod;
  try {
    const answer = await cluster.delete(
      { resource: PODS, namespace, name },
      { uid, gracePeriodSeconds: parameters.grace_period_seconds },
    );
    const described = `pod ${namespace}/${name} (uid ${uid})`;
    const left = deletionShown(answer, uid);
    if (left === undefined)
      return { outcome: "failed", message: `the API took the deletion of ${described}, but doesn't show it` };
    return {
      outcome: "terminated",
      message: left === "" ? `terminated ${described}` : `${described} is being terminated: ${left}`,
    };
  } catch (thrown) {
    return await goneOrReplaced(thrown, cluster, pod);
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
  if (parameters.ignore_standalone_pods && !controllerOf(pod)) return "no controller would replace it";
  return await whyLeftAlone(pod, parameters, cluster);
}
