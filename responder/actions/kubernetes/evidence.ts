import type { PodReference } from "../../alerts/named.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { EVENTS, WORKLOADS } from "../../kubernetes/resources.ts";
import { WHOLE_POD, WHOLE_REPLICATED } from "../../kubernetes/shapes.ts";
import { LIMITS } from "../../limits.ts";
import { podActionner } from "../actionner.ts";
import type { Result } from "../outcome.ts";
import { positive } from "../parameters.ts";
import { asEvidence, keptObject, type ContainerLog, type KeptObject, type Owner } from "../pods/as-evidence.ts";
import { containerLog } from "../pods/container-log.ts";
import { containersOf } from "../pods/containers.ts";
import { controllerOf, readController, type Controller } from "../pods/controller.ts";
import { findPod, otherSince } from "../pods/find-pod.ts";

interface Parameters {
  tail_lines: number;
}

/** How much of the logs is kept, in bytes, over all containers. */
const LOGS_LIMIT = 384 * 1024;

export const evidence = podActionner<Parameters>({
  name: "kubernetes:evidence",
  description:
    "Keeps what is known of the pod before another action changes or destroys it: the pod itself, its Kubernetes Events, what owns it, " +
    "and the logs of its containers, those from before a restart too",
  continue: true,
  repeatable: false,
  disrupts: 0,
  givesOutput: true,
  parameters: {
    tail_lines: { description: "How many lines of each container's log", ...positive("lines"), default: 200 },
  },
  permissions: () => [
    { apiGroup: "", resource: "pods", verbs: ["get"] },
    { apiGroup: "", resource: "pods/log", verbs: ["get"] },
    { apiGroup: "", resource: "events", verbs: ["list"] },
    ...WORKLOADS.map(({ group, name }) => ({ apiGroup: group, resource: name, verbs: ["get"] })),
  ],
  example: `- action: Keep the evidence
  actionner: kubernetes:evidence
  parameters:
    tail_lines: 500
`,
  run: async ({ cluster, pod: reference }, parameters) => {
    const found = await beginWith(cluster, reference);
    if ("outcome" in found) return found;
    const { namespace } = reference;
    const [events, owners, logs] = await Promise.all([
      eventsOf(cluster, namespace, found.uid),
      ownersOf(cluster, namespace, found.controller),
      logsOf(cluster, reference, found.logs, parameters),
    ]);
    // the API names a log by the pod's name alone
    const replaced = await otherSince(cluster, reference, found.uid);
    if (replaced) return replaced;
    const chain = owners.map(({ kind, name }) => `${kind} ${name}`).join(", ") || "no owner";
    return {
      outcome: "done",
      message: `kept the evidence of pod ${namespace}/${reference.name}: ${chain}, ${events.items.length} events, ${logs.length} logs`,
      output: {
        mediaType: "application/json",
        ...asEvidence({ pod: found.pod, owners, events: events.items, logs }, LIMITS.output, events.more),
      },
    };
  },
});

/** A log that is to be read. */
interface WantedLog {
  container: string;
  /** Of the container before it restarted. */
  previous: boolean;
}

/** The pod as it is kept, and where to look further: the pod itself may be large, and isn't held meanwhile. */
async function beginWith(
  cluster: Cluster,
  reference: PodReference,
): Promise<{ uid: string; pod: KeptObject; controller: Controller | undefined; logs: WantedLog[] } | Result> {
  const found = await findPod(cluster, reference, WHOLE_POD);
  if ("outcome" in found) return found;
  const logs = containersOf(found.pod)
    .flatMap(({ name: container, restartCount }) =>
      [false, true].slice(0, restartCount > 0 ? 2 : 1).map((previous) => ({ container, previous })),
    )
    .slice(0, LIMITS.logs);
  const pod = keptObject(found.pod, LIMITS.evidenceObject);
  return { uid: found.uid, pod, controller: controllerOf(found.pod), logs };
}

async function eventsOf(
  cluster: Cluster,
  namespace: string,
  uid: string,
): Promise<{ items: KeptObject[]; more: boolean }> {
  const selector = { fieldSelector: `involvedObject.uid=${uid}`, limit: LIMITS.events };
  return await cluster.list({ resource: EVENTS, namespace }, selector, (event) => keptObject(event, 4 * LIMITS.field));
}

/** How far up owners are followed: CronJob, Job, pod is the longest way there is, and an attacker may lay a longer one. */
const MOST_OWNERS = 4;

/** From the pod's controller to the one that has none. */
async function ownersOf(cluster: Cluster, namespace: string, first: Controller | undefined): Promise<Owner[]> {
  const owners: Owner[] = [];
  for (let controller = first; controller && owners.length < MOST_OWNERS;) {
    const { kind, name } = controller;
    const { object, next } = await ownerOf(cluster, namespace, controller);
    owners.push({ kind, name, ...(object && { object }) });
    controller = next;
  }
  return owners;
}

/** An owner as it is kept, and its own. */
async function ownerOf(
  cluster: Cluster,
  namespace: string,
  controller: Controller,
): Promise<{ object?: KeptObject; next?: Controller | undefined }> {
  const object = await readController(cluster, namespace, controller, WHOLE_REPLICATED);
  return object ? { object: keptObject(object, LIMITS.evidenceObject / 2), next: controllerOf(object) } : {};
}

async function logsOf(
  cluster: Cluster,
  { namespace, name }: PodReference,
  wanted: readonly WantedLog[],
  { tail_lines: tailLines }: Parameters,
): Promise<ContainerLog[]> {
  const limit = Math.floor(LOGS_LIMIT / Math.max(wanted.length, 1));
  return await Promise.all(
    wanted.map(async ({ container, previous }) => {
      const log = await containerLog(cluster, { namespace, pod: name, container, previous, tailLines, limit });
      return { container, previous, truncated: false, ...log };
    }),
  );
}
