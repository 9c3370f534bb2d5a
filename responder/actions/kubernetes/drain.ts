import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { clusterError } from "../../kubernetes/errors.ts";
import { flag, list, WHOLE_NUMBER, wholeNumber } from "../parameters.ts";
import { podActionner, type PodOccasion } from "../actionner.ts";
import type { Result } from "../outcome.ts";
import { findPod } from "../pods/find-pod.ts";
import { settledBy } from "../pods/gone-or-replaced.ts";
import { SPARE_PARAMETERS, spared, sparePermissions, type SpareParameters } from "../pods/left-alone.ts";

interface Parameters extends SpareParameters {
  force: boolean;
  ignore_errors: boolean;
  max_wait_period: number;
  wait_period_excluded_namespaces: readonly string[];
}

export const drain = podActionner<Parameters>({
  name: "kubernetes:drain",
  description:
    "Evicts the pods of the node that the pod is on, as far as their disruption budgets and the protected namespaces allow",
  continue: true,
  repeatable: false,
  givesOutput: false,
  parameters: {
    ...SPARE_PARAMETERS,
    force: flag("Of no account: evictions are never forced. It is taken so that falco-talon's files can be read"),
    ignore_errors: flag("Counts a pod that could not be evicted as none"),
    max_wait_period: {
      description:
        "Seconds to wait for budgets to allow an eviction and for the pods to be gone; 0 waits for nothing; responderTimeoutSeconds has to be longer",
      allowed: "a whole number of seconds, 0 or more",
      schema: WHOLE_NUMBER,
      default: 0,
      parse: wholeNumber,
    },
    wait_period_excluded_namespaces: list(
      "Namespaces whose pods are not waited for",
      "namespaces' names",
      (text) => text || undefined,
    ),
  },
  permissions: (parameters) => [
    { apiGroup: "", resource: "pods", verbs: ["get", "list"] },
    { apiGroup: "", resource: "pods/eviction", verbs: ["create"] },
    ...sparePermissions(parameters),
  ],
  seconds: ({ max_wait_period: seconds }) => seconds,
  example: `- action: Drain the node
  actionner: kubernetes:drain
  parameters:
    ignore_daemonsets: true
    max_wait_period: 30
`,
  run: async (occasion, parameters) => {
    const found = await findPod(occasion.cluster, occasion.pod);
    if ("outcome" in found) return found;
    const node = found.pod.spec?.nodeName;
    if (!node)
      return { outcome: "failed", message: `pod ${occasion.pod.namespace}/${occasion.pod.name} is on no node` };
    const { items } = await occasion.cluster.core.listPodForAllNamespaces({ fieldSelector: `spec.nodeName=${node}` });
    const deadline = performance.now() + parameters.max_wait_period * 1000;
    const evictAll = async (pods: readonly V1Pod[]) =>
      await Promise.all(pods.map((pod) => evict(pod, occasion, parameters, deadline)));
    // the pod itself last: when the alert comes again, the node is known by it
    const isItself = ({ metadata }: V1Pod) => metadata?.uid === found.uid;
    const ends = await evictAll(items.filter((pod) => !isItself(pod)));
    ends.push(...(await evictAll(items.filter(isItself))));
    return summary(node, ends, parameters.ignore_errors);
  },
});

/** How it ended for one pod: evicted, left alone, or why not. */
type End = "evicted" | "left alone" | { failed: string };

/** Milliseconds between two tries of an eviction that a budget didn't allow, and between two looks at a pod that is going. */
const BETWEEN = { tries: 1000, looks: 200 };

async function evict(pod: V1Pod, occasion: PodOccasion, parameters: Parameters, deadline: number): Promise<End> {
  const { name = "", namespace = "", uid = "", annotations } = pod.metadata ?? {};
  // the API can't end a static pod: what it shows is the kubelet's mirror of it
  if (annotations?.["kubernetes.io/config.mirror"] !== undefined) return "left alone";
  if (occasion.protectedNamespaces.has(namespace)) return "left alone";
  try {
    if (await spared(pod, parameters, occasion.cluster)) return "left alone";
    const body = { metadata: { name, namespace }, deleteOptions: { preconditions: { uid } } };
    await untilDeadline(deadline, 429, BETWEEN.tries, () =>
      occasion.cluster.core.createNamespacedPodEviction({ name, namespace, body }),
    );
    if (parameters.max_wait_period > 0 && !parameters.wait_period_excluded_namespaces.includes(namespace)) {
      await untilDeadline(deadline, STILL_THERE, BETWEEN.looks, async () => {
        const { metadata } = await occasion.cluster.core.readNamespacedPod({ name, namespace });
        if (metadata?.uid === uid) throw Object.assign(new Error("it is still there"), { code: STILL_THERE });
      });
    }
    return "evicted";
  } catch (thrown) {
    const error = clusterError(thrown);
    const described = `${namespace}/${name}`;
    if (settledBy(error, described)) return "evicted";
    // an API that is down is no reason to leave the pod: the alert comes again
    if (error.code === undefined || error.code > 500) throw thrown;
    return { failed: `${described}: ${error.code === STILL_THERE ? "it is still there" : error.message}` };
  }
}

/** Not an HTTP status: a pod that has been evicted and has not ended. */
const STILL_THERE = 0;

async function untilDeadline(
  deadline: number,
  code: number,
  between: number,
  attempt: () => Promise<unknown>,
): Promise<void> {
  for (;;) {
    try {
      await attempt();
      return;
    } catch (thrown) {
      if (clusterError(thrown).code !== code || performance.now() + between > deadline) throw thrown;
    }
    await sleep(between);
  }
}

function summary(node: string, ends: readonly End[], ignoreErrors: boolean): Result {
  const count = (end: End) => ends.filter((one) => one === end).length;
  const failures = ends.flatMap((end) => (typeof end === "object" ? [end.failed] : []));
  const told = `${count("evicted")} pods evicted, ${count("left alone")} left alone, ${failures.length} not evicted`;
  if (failures.length === 0) return { outcome: "done", message: `node ${node} is drained: ${told}` };
  const reasons = `${told} (${failures.slice(0, 5).join("; ")})`;
  return ignoreErrors
    ? { outcome: "done", message: `node ${node} is drained as far as it could be: ${reasons}` }
    : { outcome: "failed", message: `node ${node} is not drained: ${reasons}` };
}
