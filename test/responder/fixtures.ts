import type { CoreV1Event, V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import type { Occasion } from "../../responder/actions/actionner.ts";
import type { Alert } from "../../responder/alerts/alert.ts";
import { parseAlert } from "../../responder/alerts/alert.ts";
import type { Engine } from "../../responder/engine/engine.ts";
import { Progress } from "../../responder/engine/progress.ts";
import type { Cluster, Command, CommandResult } from "../../responder/kubernetes/cluster.ts";
import { ApiError } from "../../responder/kubernetes/errors.ts";
import type { KubernetesObject } from "../../responder/kubernetes/objects.ts";
import { loadRules } from "../../responder/rules/load.ts";
import type { Rule } from "../../responder/rules/rule.ts";
import { ALERT_KEY } from "../support/alert-key.ts";

/** The headers of a binary-mode delivery of an alert. */
export const ALERT_HEADERS = {
  "content-type": "application/json",
  "ce-specversion": "1.0",
  "ce-id": "1",
  "ce-source": "https://falco.org",
  "ce-type": "falco.rule.output.v1",
  "ce-alertkey": ALERT_KEY,
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
export function apiError(code: number, message: string, retryAfter?: number): ApiError {
  const reason = code === 404 ? "NotFound" : "Any";
  return new ApiError("status", message, { code, reason, ...(retryAfter !== undefined && { retryAfter }) });
}

/** No answer at all. */
export function unreachable(message = "connect ECONNREFUSED"): ApiError {
  return new ApiError("unreachable", message);
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

/** What a cluster is told to answer; what isn't given is answered as by one where all is well. */
export interface Answers {
  pod?: () => object;
  remove?: () => unknown;
  patch?: () => unknown;
  create?: () => void;
  onNode?: () => object[];
  evict?: (name: string) => void;
  replicas?: { ready: number; wanted: number };
  log?: (container: string) => string;
  node?: () => object;
  events?: () => CoreV1Event[];
  event?: () => unknown;
  createEvent?: () => void;
  patchEvent?: () => void;
  object?: (kind: string, name: string) => unknown;
  policies?: () => unknown[];
  /** What the API then has of what was patched; what it was asked for where it isn't given. */
  patched?: () => unknown;
  exec?: (command: Command) => CommandResult;
}

const VERBS: Record<string, string> = { Pod: "get", Node: "get node", Event: "get event" };
const NOUNS: Record<string, string> = { Pod: "", Node: " node", Event: " event", NetworkPolicy: " policy" };

/** The object of a kind and name that such a cluster has. */
function objectOf(answers: Answers, kind: string, name: string): unknown {
  if (kind === "Pod") return (answers.pod ?? pod)();
  if (kind === "Node") return answers.node?.() ?? { metadata: { name, uid: "node-uid" } };
  if (kind === "Event" && !answers.event) throw apiError(404, `events "${name}" not found`);
  if (kind === "Event") return answers.event?.();
  const { ready, wanted } = answers.replicas ?? { ready: 0, wanted: 0 };
  const replicas = { metadata: { uid: "owner" }, status: { readyReplicas: ready }, spec: { replicas: wanted } };
  return answers.object?.(kind, name) ?? replicas;
}

/** The objects of a kind that such a cluster lists. */
function listOf(answers: Answers, kind: string): unknown[] {
  const lists: Record<string, unknown[] | undefined> = {
    Pod: answers.onNode?.(),
    Event: answers.events?.(),
    NetworkPolicy: answers.policies?.(),
  };
  return lists[kind] ?? [];
}

/** A cluster that answers what it is told to, and keeps what it was asked. */
export function cluster(answers: Answers): Cluster & { calls: Call[] } {
  const calls: Call[] = [];
  const asked = async <T>(call: Call, answer: () => T): Promise<T> => {
    calls.push(call);
    return await Promise.resolve().then(answer);
  };
  return {
    calls,
    get: ({ resource, name = "" }) =>
      asked({ verb: VERBS[resource.kind] ?? "get owner", name }, () =>
        objectOf(answers, resource.kind, name),
      ) as Promise<never>,
    metadata: ({ resource, name = "" }) =>
      asked(
        { verb: "get metadata", name },
        () => objectOf(answers, resource.kind, name) as { metadata: { uid: string } },
      ),
    list: ({ resource }, query, keep) => {
      const verb = resource.kind === "Pod" ? "list" : `list ${resource.name}`;
      return asked({ verb, name: query.fieldSelector ?? "" }, () => ({
        items: listOf(answers, resource.kind).flatMap((item) => keep(item as object) ?? []),
        more: false,
      }));
    },
    follow: () => Promise.reject(apiError(403, "nothing is followed")),
    create: ({ resource, name, subresource }, body) => {
      if (subresource === "eviction") {
        return asked({ verb: "evict", name: name ?? "", body }, () => {
          answers.evict?.(name ?? "");
          return {};
        });
      }
      const { metadata } = body as { metadata: { name: string } };
      return asked({ verb: `create${NOUNS[resource.kind] ?? ""}`, name: metadata.name, body }, () => {
        (resource.kind === "Event" ? answers.createEvent : answers.create)?.();
        return body;
      });
    },
    patch: ({ resource, name = "" }, body) =>
      asked({ verb: `patch${NOUNS[resource.kind] ?? ""}`, name, body }, () => {
        if (resource.kind === "Pod") answers.patch?.();
        if (resource.kind === "Event") answers.patchEvent?.();
        return (answers.patched?.() ?? withoutNulls(body)) as never;
      }),
    delete: ({ resource, name = "" }, options) =>
      asked({ verb: resource.kind === "Pod" ? "delete" : "delete object", name, body: options }, () => {
        return answers.remove?.() as KubernetesObject | undefined;
      }),
    log: (_at, { container, ...rest }) =>
      asked({ verb: "log", name: container, body: rest }, () => answers.log?.(container) ?? ""),
    exec: (command) =>
      asked(
        { verb: "exec", name: command.container, body: command },
        () => answers.exec?.(command) ?? { output: "", truncated: false },
      ),
  };
}

/** What a merge patch makes of an object that has nothing of it. */
function withoutNulls(patch: object): object {
  return JSON.parse(JSON.stringify(patch, (_key, value: unknown) => (value === null ? undefined : value))) as object;
}

/** What an actionner is given on such a cluster, where no pod is protected. */
export function occasion(cluster: Cluster, about: Alert = alert(), more: Partial<Occasion> = {}): Occasion {
  return { alert: about, cluster, protection: () => undefined, context: new Map(), ...more };
}

/** What the responder decides and acts with, on such a cluster. */
export function engine(cluster: Cluster, more: Partial<Engine> = {}): Engine {
  return {
    rules: rules(TERMINATE),
    protectedNamespaces: new Set(["kube-system"]),
    ownServices: [],
    cluster,
    events: false,
    deduplicationSeconds: 0,
    progress: new Progress(),
    ...more,
  };
}
