import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { ApiError, apiErrorOf, finalityOf, isNotFound } from "../../kubernetes/errors.ts";
import { Gate } from "../../gate.ts";
import { ifThere } from "../../kubernetes/if-there.ts";
import { PODS } from "../../kubernetes/resources.ts";
import { OBJECT, POD, shaped } from "../../kubernetes/shapes.ts";
import { LIMITS } from "../../limits.ts";
import { isNamespace, isObjectName, isUid } from "../../names.ts";
import { plain } from "../../text.ts";
import { actionner, type Occasion } from "../actionner.ts";
import type { Result } from "../outcome.ts";
import { flag, list, WHOLE_NUMBER, wholeNumber } from "../parameters.ts";
import { MIRROR } from "../pods/find-pod.ts";
import { isOtherUid } from "../pods/gone-or-replaced.ts";
import {
  LEFT_ALONE_PARAMETERS,
  whyLeftAlone,
  leftAlonePermissions,
  type LeftAloneParameters,
} from "../pods/left-alone.ts";
import { findNode, patchFoundNode } from "../pods/patch.ts";

interface Parameters extends LeftAloneParameters {
  force: boolean;
  ignore_errors: boolean;
  max_wait_period: number;
  wait_period_excluded_namespaces: readonly string[];
}

export const drain = actionner<Parameters>({
  name: "kubernetes:drain",
  description:
    "Cordons the node that the pod is on, or that an alert of the host comes from, and evicts its pods a few at a time, as far " +
    "as their disruption budgets allow; those in protected namespaces, exempt ones, static ones and the node's own critical ones stay",
  targets: ["node"],
  continue: true,
  repeatable: false,
  disrupts: 10,
  givesOutput: false,
  parameters: {
    ...LEFT_ALONE_PARAMETERS,
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
    { apiGroup: "", resource: "nodes", verbs: ["get", "patch"] },
    ...leftAlonePermissions(parameters),
  ],
  seconds: ({ max_wait_period: seconds }) => seconds,
  example: `- action: Drain the node
  actionner: kubernetes:drain
  parameters:
    ignore_daemonsets: true
    max_wait_period: 30
`,
  run: async (occasion, parameters) => {
    const node = await findNode(occasion);
    if ("outcome" in node) return node;
    const cordoned = await patchFoundNode(occasion.cluster, node, { spec: { unschedulable: true } }, "is cordoned");
    if (cordoned.outcome !== "done") return cordoned;
    const selector = { fieldSelector: `spec.nodeName=${node.name}`, limit: LIMITS.podsOnNode };
    const { items: pods, more } = await occasion.cluster.list({ resource: PODS }, selector, (item) =>
      onNode(shaped(item, POD), node.name),
    );
    const deadline = performance.now() + parameters.max_wait_period * 1000;
    const gate = new Gate(LIMITS.evictionsAtOnce);
    const evictAll = async (some: readonly V1Pod[]) =>
      await Promise.all(some.map((pod) => gate.run(() => evict(pod, occasion, parameters, deadline))));
    // the alert's own pod last: when the alert comes again, the node is known by it
    const isItself = ({ metadata }: V1Pod) => node.pod !== undefined && metadata?.uid === node.pod.uid;
    const ends = await evictAll(pods.filter((pod) => !isItself(pod)));
    if (!parameters.ignore_errors) throwPassing(ends);
    ends.push(...(await evictAll(pods.filter(isItself))));
    if (!parameters.ignore_errors) throwPassing(ends);
    return summary(node.name, ends, more, parameters.ignore_errors);
  },
});

/** As much of a pod as decides what becomes of it; undefined for one that isn't on the node. */
function onNode({ metadata = {}, spec }: V1Pod, node: string): V1Pod | undefined {
  if (spec?.nodeName !== node) return undefined;
  const { name, namespace, uid, ownerReferences, annotations = {} } = metadata;
  const mirror = Object.hasOwn(annotations, MIRROR) && { annotations: { [MIRROR]: "" } };
  return {
    metadata: {
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(ownerReferences && { ownerReferences: ownerReferences.filter(({ controller }) => controller).slice(0, 1) }),
      ...mirror,
    },
    spec: {
      containers: [],
      ...(spec.priorityClassName !== undefined && { priorityClassName: plain(spec.priorityClassName, LIMITS.field) }),
    },
  };
}

/** What the API couldn't do for now is done when the alert comes again. */
function throwPassing(ends: readonly End[]): void {
  for (const end of ends)
    if (typeof end === "object" && "error" in end && finalityOf(end.error) === "once more") throw end.error;
}

/** How it ended for one pod: evicted and gone, evicted and not waited for, left alone, still ending when the time was up, or why not. */
type End = "evicted" | "ending" | "left alone" | { pod: string; waiting: true } | { pod: string; error: ApiError };

/** Milliseconds between two tries of an eviction that a budget didn't allow, and between two looks at a pod that is going. */
const BETWEEN = { tries: 1000, looks: 200 };

async function evict(pod: V1Pod, occasion: Occasion, parameters: Parameters, deadline: number): Promise<End> {
  const { name = "", namespace = "", uid = "" } = pod.metadata ?? {};
  const described = `${namespace}/${name}`;
  if (!isNamespace(namespace) || !isObjectName(name) || !isUid(uid)) {
    return { pod: described, error: new ApiError("name", "no pod can be called so") };
  }
  if (staysOnNode(pod)) return "left alone";
  const at = { resource: PODS, namespace, name };
  try {
    if ((await occasion.protection(namespace, name, pod)) !== undefined) return "left alone";
    if (await whyLeftAlone(pod, parameters, occasion.cluster)) return "left alone";
    const body = {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name, namespace },
      deleteOptions: { preconditions: { uid } },
    };
    await whileNotAllowed(deadline, () => occasion.cluster.create({ ...at, subresource: "eviction" }, body));
    const isWaitedFor =
      parameters.max_wait_period > 0 && !parameters.wait_period_excluded_namespaces.includes(namespace);
    if (!isWaitedFor) return "ending";
    for (;;) {
      const there = await ifThere(occasion.cluster.metadata(at));
      if (!there || shaped(there, OBJECT).metadata?.uid !== uid) return "evicted";
      if (performance.now() + BETWEEN.looks > deadline) return { pod: described, waiting: true };
      await sleep(BETWEEN.looks);
    }
  } catch (thrown) {
    const error = apiErrorOf(thrown);
    if (isNotFound(error) || isOtherUid(error)) return "evicted";
    return { pod: described, error };
  }
}

/**
 * What a drain leaves where it is: static pods, which the API only shows, and what the node itself needs.
 * @see https://kubernetes.io/docs/tasks/administer-cluster/guaranteed-scheduling-critical-addon-pods/
 */
function staysOnNode({ metadata, spec }: V1Pod): boolean {
  return metadata?.annotations?.[MIRROR] !== undefined || spec?.priorityClassName === "system-node-critical";
}

/** Asks again until the deadline as long as a disruption budget says not yet. */
async function whileNotAllowed(deadline: number, attempt: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await attempt();
      return;
    } catch (thrown) {
      if (apiErrorOf(thrown).code !== 429 || performance.now() + BETWEEN.tries > deadline) throw thrown;
    }
    await sleep(BETWEEN.tries);
  }
}

function summary(node: string, ends: readonly End[], more: boolean, ignoreErrors: boolean): Result {
  const count = (end: End) => ends.filter((one) => one === end).length;
  const failures = ends.flatMap((end) => {
    if (typeof end === "string") return [];
    return [`${end.pod}: ${"error" in end ? end.error.message : "it is still there"}`];
  });
  if (more) failures.push(`more than ${LIMITS.podsOnNode} pods, of which no more were looked at`);
  const ending = count("ending");
  const waiting = ending > 0 ? `, ${ending} of them not waited for` : "";
  const told = `${count("evicted") + ending} pods evicted${waiting}, ${count("left alone")} left alone, ${failures.length} not evicted`;
  const is = ending > 0 ? "is being drained" : "is drained";
  if (failures.length === 0) return { outcome: "done", message: `node ${node} ${is}: ${told}` };
  const reasons = `${told} (${failures.slice(0, 5).join("; ")})`;
  return ignoreErrors
    ? { outcome: "done", message: `node ${node} ${is} as far as it could be: ${reasons}` }
    : { outcome: "failed", message: `node ${node} is not drained: ${reasons}` };
}
