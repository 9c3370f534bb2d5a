import type { CoreV1Event, V1OwnerReference, V1Pod } from "@kubernetes/client-node";
import { clusterError } from "../../kubernetes/errors.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { podActionner } from "../actionner.ts";
import { positive } from "../parameters.ts";
import { containerLog } from "../pods/container-log.ts";
import { containersOf } from "../pods/containers.ts";
import { findPod } from "../pods/find-pod.ts";

interface Parameters {
  tail_lines: number;
}

/** How much of the logs is kept, in bytes, over all containers. */
const LOGS_LIMIT = 384 * 1024;
/** How many of the pod's Kubernetes Events are kept. */
const EVENTS_LIMIT = 200;

/** What may own a pod, or its owner, among Kubernetes' own kinds. */
const OWNERS: readonly { apiVersion: string; kind: string; resource: string }[] = [
  ...["ReplicaSet", "Deployment", "StatefulSet", "DaemonSet"].map((kind) => owner("apps/v1", kind)),
  ...["Job", "CronJob"].map((kind) => owner("batch/v1", kind)),
];

export const evidence = podActionner<Parameters>({
  name: "kubernetes:evidence",
  description:
    "Keeps what is known of the pod before another action changes or destroys it: the pod itself, its Kubernetes Events, what owns it, " +
    "and the logs of its containers, those from before a restart too",
  continue: true,
  repeatable: false,
  givesOutput: true,
  parameters: {
    tail_lines: { description: "How many lines of each container's log", ...positive("lines"), default: 200 },
  },
  permissions: () => [
    { apiGroup: "", resource: "pods", verbs: ["get"] },
    { apiGroup: "", resource: "pods/log", verbs: ["get"] },
    { apiGroup: "", resource: "events", verbs: ["list"] },
    ...OWNERS.map(({ apiVersion, resource }) => ({
      apiGroup: apiVersion.slice(0, apiVersion.indexOf("/")),
      resource,
      verbs: ["get"],
    })),
  ],
  example: `- action: Keep the evidence
  actionner: kubernetes:evidence
  parameters:
    tail_lines: 500
`,
  run: async ({ cluster, pod: reference }, parameters) => {
    const found = await findPod(cluster, reference);
    if ("outcome" in found) return found;
    const { namespace } = reference;
    const [events, owners, logs] = await Promise.all([
      eventsOf(cluster, namespace, found.uid),
      ownersOf(cluster, namespace, found.pod.metadata?.ownerReferences),
      logsOf(cluster, found.pod, parameters),
    ]);
    const chain = owners.map(({ kind, name }) => `${kind} ${name}`).join(", ") || "no owner";
    return {
      outcome: "done",
      message: `kept the evidence of pod ${namespace}/${reference.name}: ${chain}, ${events.items.length} events, ${logs.length} logs`,
      output: {
        mediaType: "application/json",
        text: JSON.stringify({ pod: withoutManagedFields(found.pod), owners, events: events.items, logs }),
        truncated: events.more || logs.some(({ truncated }) => truncated),
      },
    };
  },
});

async function eventsOf(
  cluster: Cluster,
  namespace: string,
  uid: string,
): Promise<{ items: CoreV1Event[]; more: boolean }> {
  const { items, metadata } = await cluster.core.listNamespacedEvent({
    namespace,
    fieldSelector: `involvedObject.uid=${uid}`,
    limit: EVENTS_LIMIT,
  });
  return { items: items.map(withoutManagedFields), more: Boolean(metadata?._continue) };
}

interface Owner {
  kind: string;
  name: string;
  /** undefined for a kind that isn't Kubernetes' own, and for an owner that is gone. */
  object?: unknown;
}

/** From the pod's controller to the one that has none. */
async function ownersOf(
  cluster: Cluster,
  namespace: string,
  references: readonly V1OwnerReference[] = [],
): Promise<Owner[]> {
  const controller = references.find((one) => one.controller);
  if (!controller) return [];
  const { apiVersion, kind, name } = controller;
  const known = OWNERS.find((one) => one.apiVersion === apiVersion && one.kind === kind);
  if (!known) return [{ kind, name }];
  try {
    const object = (await cluster.readObject(
      `/apis/${apiVersion}/namespaces/${namespace}/${known.resource}/${name}`,
    )) as Pick<V1Pod, "metadata">;
    return [
      { kind, name, object: withoutManagedFields(object) },
      ...(await ownersOf(cluster, namespace, object.metadata?.ownerReferences)),
    ];
  } catch (thrown) {
    if (clusterError(thrown).code === 404) return [{ kind, name }];
    throw thrown;
  }
}

interface ContainerLog {
  container: string;
  /** Of the container before it restarted. */
  previous: boolean;
  text?: string;
  /** Why there is none. */
  reason?: string;
  truncated: boolean;
}

async function logsOf(cluster: Cluster, pod: V1Pod, { tail_lines: tailLines }: Parameters): Promise<ContainerLog[]> {
  const { namespace = "", name = "" } = pod.metadata ?? {};
  const wanted = containersOf(pod).flatMap(({ name: container, restartCount }) =>
    [false, true].slice(0, restartCount > 0 ? 2 : 1).map((previous) => ({ container, previous })),
  );
  const limit = Math.floor(LOGS_LIMIT / Math.max(wanted.length, 1));
  return await Promise.all(
    wanted.map(async ({ container, previous }) => {
      const log = await containerLog(cluster, { namespace, pod: name, container, previous, tailLines, limit });
      return { container, previous, truncated: false, ...log };
    }),
  );
}

function owner(apiVersion: string, kind: string) {
  return { apiVersion, kind, resource: `${kind.toLowerCase()}s` };
}

/** Who last wrote which field: longer than the rest of an object, and no evidence. */
function withoutManagedFields<T extends { metadata?: V1Pod["metadata"] }>(object: T): T {
  const metadata = Object.fromEntries(Object.entries(object.metadata ?? {}).filter(([key]) => key !== "managedFields"));
  return { ...object, metadata };
}
