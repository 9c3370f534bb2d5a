import type { CoreV1Event, V1ContainerStatus, V1Node, V1Pod } from "@kubernetes/client-node";
import type { Alert } from "../../responder/alerts/alert.ts";
import { parseAlert } from "../../responder/alerts/alert.ts";
import type { Cluster, Command, Ended } from "../../responder/kubernetes/cluster.ts";
import { loadRules } from "../../responder/rules/load.ts";
import type { Rule } from "../../responder/rules/rule.ts";

/** The headers of a binary-mode delivery of an alert. */
export const ALERT_HEADERS = {
  "content-type": "application/json",
  "ce-specversion": "1.0",
  "ce-id": "1",
  "ce-source": "https://falco.org",
  "ce-type": "falco.rule.output.v1",
};

export const POD_UID = "6e1f2a54-3a49-4a0e-9d0b-7d2f6f0c9b11";
/** As the container runtime gives it; Falco cuts it to 12 characters. */
export const CONTAINER_ID = "containerd://3ad7b26ded6d0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899a";

/** A shell in default/alpine, as falcosidekick passes it on; what is given takes the place of a field. */
export function shellAlert(fields: Record<string, unknown> = {}, payload: Record<string, unknown> = {}) {
  return {
    uuid: "ea247b3c-e7c0-4028-a3fe-16de808a4d09",
    output: "16:31:56.746609046: Notice Terminal shell in container",
    priority: "Notice",
    rule: "Terminal shell in container",
    time: "2026-11-23T16:31:56.746609046Z",
    source: "syscall",
    tags: ["container", "shell"],
    hostname: "node-1",
    output_fields: {
      "container.id": "3ad7b26ded6d",
      "k8s.ns.name": "default",
      "k8s.pod.name": "alpine",
      "k8s.pod.uid": POD_UID,
      ...fields,
    },
    ...payload,
  };
}

export function alert(fields: Record<string, unknown> = {}, payload: Record<string, unknown> = {}): Alert {
  return parseAlert(shellAlert(fields, payload));
}

/** One rule of the given YAML keys, with terminate as its action. */
export function rules(yaml: string): Rule[] {
  return loadRules([{ name: "rules.yaml", text: yaml }]);
}

export const TERMINATE = `
- rule: Terminate
  match: {rules: [Terminal shell in container]}
  actions: [{action: Terminate, actionner: "kubernetes:terminate"}]
`;

/** An answer of the API outside 2xx, as the client throws it. */
export function apiError(code: number, message: string, headers: Record<string, string> = {}): Error {
  return Object.assign(new Error(message), { code, body: JSON.stringify({ kind: "Status", message }), headers });
}

export function pod(status: V1Pod["status"] = {}, owner?: { kind: string; name: string }): V1Pod {
  const ownerReferences = owner && [{ ...owner, apiVersion: "apps/v1", uid: "owner", controller: true }];
  return {
    metadata: { name: "alpine", namespace: "default", uid: POD_UID, ...(ownerReferences && { ownerReferences }) },
    status,
  };
}

export function container(name: string, more: Partial<V1ContainerStatus> = {}): V1ContainerStatus {
  return { name, image: "", imageID: "", ready: true, restartCount: 0, ...more };
}

/** The pod on node-1, with these containers. */
export function running(...containers: V1ContainerStatus[]): V1Pod {
  return {
    ...pod({ containerStatuses: containers }),
    spec: { nodeName: "node-1", containers: containers.map(({ name }) => ({ name })) },
  };
}

interface Call {
  verb: string;
  name: string;
  body?: unknown;
}

/** A cluster that answers what it is told to, and keeps what it was asked. */
export function cluster(answers: {
  pod?: () => V1Pod;
  remove?: () => V1Pod;
  patch?: () => V1Pod;
  create?: () => void;
  onNode?: () => V1Pod[];
  evict?: (name: string) => void;
  replicas?: { ready: number; wanted: number };
  log?: (container: string) => string;
  node?: () => V1Node;
  events?: () => CoreV1Event[];
  event?: () => CoreV1Event;
  createEvent?: () => void;
  patchEvent?: () => void;
  object?: (path: string) => unknown;
  exec?: (command: Command) => Ended;
}): Cluster & { calls: Call[] } {
  const calls: Call[] = [];
  const asked = async <T>(call: Call, answer: () => T): Promise<T> => {
    calls.push(call);
    return await Promise.resolve().then(answer);
  };
  const replicas = (name: string) =>
    asked({ verb: "get owner", name }, () => {
      const { ready, wanted } = answers.replicas ?? { ready: 0, wanted: 0 };
      return { status: { replicas: wanted, readyReplicas: ready }, spec: { replicas: wanted, selector: {} } };
    });
  return {
    calls,
    core: {
      readNamespacedPod: ({ name }) => asked({ verb: "get", name }, answers.pod ?? (() => pod())),
      deleteNamespacedPod: ({ name, body }) => asked({ verb: "delete", name, body }, answers.remove ?? (() => pod())),
      patchNamespacedPod: ({ name, body }) =>
        asked({ verb: "patch", name, body: body as unknown }, answers.patch ?? (() => pod())),
      listPodForAllNamespaces: (of) =>
        asked({ verb: "list", name: of?.fieldSelector ?? "" }, () => ({ items: answers.onNode?.() ?? [] })),
      createNamespacedPodEviction: ({ name, body }) =>
        asked({ verb: "evict", name, body }, () => {
          answers.evict?.(name);
          return body;
        }),
      readNode: ({ name }) => asked({ verb: "get node", name }, answers.node ?? (() => ({}))),
      readNamespacedPodLog: ({ container = "", ...rest }) =>
        asked({ verb: "log", name: container, body: rest }, () => answers.log?.(container) ?? ""),
      listNamespacedEvent: ({ fieldSelector = "" }) =>
        asked({ verb: "list events", name: fieldSelector }, () => ({ items: answers.events?.() ?? [] })),
      readNamespacedEvent: ({ name }) =>
        asked({ verb: "get event", name }, () => {
          if (!answers.event) throw apiError(404, `events "${name}" not found`);
          return answers.event();
        }),
      createNamespacedEvent: ({ body }) =>
        asked({ verb: "create event", name: body.metadata.name ?? "", body }, () => {
          answers.createEvent?.();
          return body;
        }),
      patchNamespacedEvent: ({ name, body }) =>
        asked({ verb: "patch event", name, body: body as unknown }, () => {
          answers.patchEvent?.();
          return { metadata: { name }, involvedObject: {} };
        }),
      patchNode: ({ name, body }) => asked({ verb: "patch node", name, body: body as unknown }, () => ({})),
    },
    apps: {
      readNamespacedReplicaSet: ({ name }) => replicas(name),
      readNamespacedStatefulSet: async ({ name }) => {
        const { status, spec } = await replicas(name);
        return { status, spec: { ...spec, serviceName: "", template: {} } };
      },
    },
    networking: {
      createNamespacedNetworkPolicy: ({ body }) =>
        asked({ verb: "create policy", name: body.metadata?.name ?? "", body }, () => {
          answers.create?.();
          return body;
        }),
      patchNamespacedNetworkPolicy: ({ name, body }) =>
        asked({ verb: "patch policy", name, body: body as unknown }, () => ({})),
    },
    readObject: (path) => asked({ verb: "get object", name: path }, () => answers.object?.(path)),
    exec: (command) =>
      asked(
        { verb: "exec", name: command.container, body: command },
        () => answers.exec?.(command) ?? { output: "", truncated: false },
      ),
    deleteObject: (path) =>
      asked({ verb: "delete object", name: path }, () => {
        answers.remove?.();
      }),
  };
}
