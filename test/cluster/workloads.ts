import assert from "node:assert/strict";

import type { KubernetesObject } from "../support/api.ts";
import type { ControlPlane } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";

/** A pod that takes its time to end. kwok deletes by name: without this, it may delete a pod's successor too. */
export const SLOW = { "pod-delete.stage.kwok.x-k8s.io/delay": "1h" };

export interface Pod extends KubernetesObject {
  metadata: NonNullable<KubernetesObject["metadata"]> & {
    name: string;
    namespace: string;
    uid: string;
    ownerReferences?: { uid: string; kind: string; name: string }[];
    deletionGracePeriodSeconds?: number;
  };
  spec: { nodeName?: string };
  status: {
    phase?: string;
    conditions?: { type: string; status: string; reason?: string }[];
    containerStatuses?: { name: string; containerID?: string }[];
  };
}

export type WorkloadKind = "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet";

interface Workload extends KubernetesObject {
  status?: { readyReplicas?: number };
}

interface PodOptions {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** The control plane's first when left out. */
  node?: string | undefined;
  /** Names; `main` alone when left out. */
  containers?: readonly string[];
}

interface WorkloadOptions {
  /** Where all of its pods are; the scheduler chooses when left out. */
  node?: string | undefined;
}

/** What runs in one namespace of a control plane. */
export class Workloads {
  readonly namespace: string;
  readonly #cluster: ControlPlane;

  constructor(cluster: ControlPlane, namespace: string) {
    this.#cluster = cluster;
    this.namespace = namespace;
  }

  /** Makes the namespace where it isn't there, and returns when pods can be created in it. */
  async createNamespace(): Promise<void> {
    const { api } = this.#cluster;
    const path = `/api/v1/namespaces/${this.namespace}`;
    if ((await api.request("GET", path)).status === 404) {
      await api.demand("POST", "/api/v1/namespaces", {
        body: { apiVersion: "v1", kind: "Namespace", metadata: { name: this.namespace } },
      });
    }
    await eventually(
      `pods can be created in ${this.namespace}`,
      async () => (await api.request("GET", `${path}/serviceaccounts/default`)).status === 200,
    );
  }

  /** A running pod without a controller. */
  async createPod(
    name: string,
    { labels = {}, annotations = {}, node = this.#cluster.nodes[0], containers = ["main"] }: PodOptions = {},
  ): Promise<Pod> {
    const body = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, labels, annotations },
      spec: { nodeName: node, containers: containers.map((container) => ({ name: container, image: "alpine:3" })) },
    };
    const path = `/api/v1/namespaces/${this.namespace}/pods`;
    await this.#cluster.api.demand("POST", path, { body });
    return eventually(`${name} runs`, async () => {
      const pod = await this.#cluster.api.demand<Pod>("GET", `${path}/${name}`);
      return pod.status.phase === "Running" && pod;
    });
  }

  /** Ends a pod, which has to be a {@link SLOW} one, at once, and makes another of its name. */
  async createAgain(pod: Pod, options: PodOptions = {}): Promise<Pod> {
    await this.#cluster.api.demand("DELETE", pathOf(pod), { body: { gracePeriodSeconds: 0 } });
    const successor = await this.createPod(pod.metadata.name, options);
    assert.notEqual(successor.metadata.uid, pod.metadata.uid);
    return successor;
  }

  /** A workload all of whose pods are ready, and known to be; gives its pods. */
  async createWorkload(
    kind: WorkloadKind,
    title: string,
    replicas: number,
    { node }: WorkloadOptions = {},
  ): Promise<[Pod, ...Pod[]]> {
    const name = title.toLowerCase();
    const app = { app: name };
    const template = {
      metadata: { labels: app },
      spec: {
        containers: [{ name: "main", image: "alpine:3" }],
        ...(node !== undefined && {
          nodeSelector: { "kubernetes.io/hostname": node },
          tolerations: [{ operator: "Exists" }],
        }),
      },
    };
    const spec = {
      selector: { matchLabels: app },
      template,
      ...(kind !== "DaemonSet" && { replicas }),
      ...(kind === "StatefulSet" && { serviceName: name, podManagementPolicy: "Parallel" }),
    };
    await this.#cluster.api.demand("POST", this.#pathOf(kind), {
      body: { apiVersion: "apps/v1", kind, metadata: { name }, spec },
    });
    if (kind !== "DaemonSet") await this.readyReplicas(kind, title, replicas);
    return this.podsOf(title, replicas);
  }

  /** The running pods of a workload, once there are that many. */
  async podsOf(title: string, least: number): Promise<[Pod, ...Pod[]]> {
    return eventually(`${title} has ${least} pods running`, async () => {
      const running = (await this.selected({ app: title.toLowerCase() })).filter(isRunning);
      const [first, ...others] = running;
      return first && running.length >= least ? [first, ...others] : undefined;
    });
  }

  /** The pods that have all of the labels. */
  async selected(labels: Readonly<Record<string, string>>): Promise<Pod[]> {
    const selector = encodeURIComponent(
      Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
    );
    const { items } = await this.#cluster.api.demand<{ items: Pod[] }>(
      "GET",
      `/api/v1/namespaces/${this.namespace}/pods?labelSelector=${selector}`,
    );
    return items;
  }

  async readyReplicas(kind: Exclude<WorkloadKind, "DaemonSet">, title: string, count: number): Promise<void> {
    await eventually(`${kind} ${title} has ${count} replicas ready`, async () => {
      const { status } = await this.#cluster.api.demand<Workload>(
        "GET",
        `${this.#pathOf(kind)}/${title.toLowerCase()}`,
      );
      return status?.readyReplicas === count;
    });
  }

  async makeUnready(pod: Pod): Promise<void> {
    const conditions = pod.status.conditions?.map((condition) =>
      condition.type === "Ready" ? { ...condition, status: "False" } : condition,
    );
    await this.#cluster.api.demand("PATCH", `${pathOf(pod)}/status`, {
      body: { status: { conditions } },
      contentType: "application/merge-patch+json",
    });
  }

  /** The pod as it is now. */
  async read(pod: Pod): Promise<Pod> {
    return this.#cluster.api.demand<Pod>("GET", pathOf(pod));
  }

  /** Whether that very pod is there, not another of its name. */
  async isThere(pod: Pod): Promise<boolean> {
    const { status, body } = await this.#cluster.api.request<Pod>("GET", pathOf(pod));
    return status === 200 && body.metadata.uid === pod.metadata.uid;
  }

  async untilGone(pod: Pod): Promise<void> {
    await eventually(`pod ${pod.metadata.name} is gone`, async () => !(await this.isThere(pod)));
  }

  #pathOf(kind: WorkloadKind): string {
    return `/apis/apps/v1/namespaces/${this.namespace}/${kind.toLowerCase()}s`;
  }
}

export function pathOf({ metadata: { namespace, name } }: Pod): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}

/** Running, and not on its way out. */
export function isRunning({ status, metadata }: Pod): boolean {
  return status.phase === "Running" && metadata.deletionTimestamp === undefined;
}

export function uidsOf(pods: readonly Pod[]): string[] {
  return pods.map(({ metadata }) => metadata.uid).sort();
}
