import type { CommandResult } from "../../../lab/kubernetes/containers.ts";
import type { KubernetesObject } from "../../support/api.ts";
import {
  get,
  NAMESPACE,
  NOBODY,
  patch,
  pod,
  podOf,
  podOnNoNode,
  pods,
  post,
  remove,
  type Request,
  type Step,
  type Table,
} from "./steps.ts";

const created = post(pods, podOf());
const waiting = post(pods, podOnNoNode());
const several = post(
  pods,
  podOf({
    spec: {
      initContainers: [{ name: "init", image: "alpine:3" }],
      containers: ["main", "sidecar"].map((name) => ({ name, image: "alpine:3" })),
    },
  }),
);

/** Pods of the cart that run, on no node, so that nobody but this says whether they are ready. */
function running(ready: Record<string, boolean>): Step[] {
  return Object.entries(ready).flatMap(([name, isReady]) => [
    post(pods, podOnNoNode({ name, labels: { app: "cart" } })),
    patch(`${pods}/${name}/status`, {
      status: { phase: "Running", conditions: [{ type: "Ready", status: isReady ? "True" : "False" }] },
    }),
  ]);
}

function budget(spec: object, name = "cart"): Request {
  const metadata = { name };
  return post(`/apis/policy/v1/namespaces/${NAMESPACE}/poddisruptionbudgets`, {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata,
    spec: { selector: { matchLabels: { app: "cart" } }, ...spec },
  });
}

function evict(name: string, more: object = {}, request: Partial<Request> = {}): Request {
  return post(
    `${pods}/${name}/eviction`,
    { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: NAMESPACE }, ...more },
    request,
  );
}

function evictFirst(preconditions: (first: NonNullable<KubernetesObject["metadata"]>) => object): Step {
  return ([first]) => evict("alpine", { deleteOptions: { preconditions: preconditions(first?.metadata ?? {}) } });
}

export const EVICTING: Table = {
  "a pod": [waiting, evict("alpine"), get(pod)],
  "a pod on a node": [created, evict("alpine"), get(pod)],
  "a pod with a grace period": [created, evict("alpine", { deleteOptions: { gracePeriodSeconds: 5 } }), get(pod)],
  "a pod twice": [created, evict("alpine"), evict("alpine"), get(pod)],
  "a pod by its UID": [waiting, evictFirst(({ uid }) => ({ uid }))],
  "a pod by another's UID": [waiting, evict("alpine", { deleteOptions: { preconditions: { uid: NOBODY } } })],
  "a pod at a version that is past": [
    waiting,
    patch(pod, { metadata: { labels: { a: "1" } } }),
    evictFirst(({ resourceVersion }) => ({ resourceVersion })),
  ],
  "a pod that isn't there": [evict("alpine")],
  "a pod of a namespace that isn't there": [
    post("/api/v1/namespaces/nowhere/pods/alpine/eviction", { metadata: { name: "alpine" } }),
  ],
  "another pod than the path's": [waiting, post(`${pod}/eviction`, { metadata: { name: "busybox" } })],
  "a pod of another namespace than the path's": [
    waiting,
    evict("alpine", { metadata: { name: "alpine", namespace: "default" } }),
  ],
  "a pod without saying what this is": [waiting, post(`${pod}/eviction`, { metadata: { name: "alpine" } })],
  "a pod by a body of another kind": [waiting, post(`${pod}/eviction`, podOf())],
  "a pod without a body": [waiting, { method: "POST", path: `${pod}/eviction` }],
  "a pod by other methods": [waiting, get(`${pod}/eviction`), remove(`${pod}/eviction`)],
  "nothing but in appearance": [
    waiting,
    { ...evict("alpine"), path: `${pod}/eviction?dryRun=All` },
    evict("alpine", { deleteOptions: { dryRun: ["All"] } }),
  ],
  "a pod as who may not": [waiting, evict("alpine", {}, { as: "reader" })],
  "a pod whose budget is used up": [
    ...running({ alpine: true, busybox: true }),
    budget({ minAvailable: 2 }),
    evict("alpine", {}, { until: "needs 2 healthy pods and has 2 currently" }),
  ],
  "a pod whose budget is used up, by another's UID": [
    ...running({ alpine: true }),
    budget({ minAvailable: 1 }),
    evict(
      "alpine",
      { deleteOptions: { preconditions: { uid: NOBODY } } },
      { until: "needs 1 healthy pods and has 1 currently" },
    ),
  ],
  "as many pods as a budget allows": [
    ...running({ alpine: true, busybox: true }),
    budget({ minAvailable: 1 }),
    evict("alpine", {}, { until: "Success" }),
    evict("busybox", {}, { until: "needs 1 healthy pods and has 1 currently" }),
  ],
  "a pod whose budget is a share": [
    ...running({ alpine: true }),
    budget({ maxUnavailable: "50%" }),
    evict("alpine", {}, { until: "does not allow evicting pods currently" }),
  ],
  "a pod of two budgets": [
    ...running({ alpine: true, busybox: true }),
    budget({ minAvailable: 1 }),
    budget({ minAvailable: 1 }, "other"),
    evict("alpine"),
  ],
  "a pod of nobody's budget": [
    ...running({ alpine: true }),
    budget({ minAvailable: 1, selector: { matchLabels: { app: "shop" } } }),
    evict("alpine"),
  ],
  "a pod of everybody's budget": [
    waiting,
    patch(`${pod}/status`, { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } }),
    budget({ minAvailable: 1, selector: {} }),
    evict("alpine", {}, { until: "needs 1 healthy pods and has 1 currently" }),
  ],
  "a pod that hasn't started": [
    post(pods, podOnNoNode({ labels: { app: "cart" } })),
    budget({ minAvailable: 1 }),
    evict("alpine"),
  ],
  "a pod that isn't ready, of a budget that is kept": [
    ...running({ alpine: false, busybox: true }),
    budget({ minAvailable: 1 }),
    evict("alpine", {}, { until: "Success" }),
  ],
  "a pod that isn't ready, of a budget that isn't kept": [
    ...running({ alpine: false, busybox: true }),
    budget({ minAvailable: 2 }),
    evict("alpine", {}, { until: "needs 2 healthy pods and has 1 currently" }),
  ],
  "a pod that isn't ready, of a budget that doesn't mind": [
    ...running({ alpine: false }),
    budget({ minAvailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" }),
    evict("alpine"),
  ],
};

export const LOGS: Table = {
  "a container": [created, get(`${pod}/log`), get(`${pod}/log?container=main`)],
  "the end of it": [
    created,
    ...[
      "tailLines=2",
      "tailLines=0",
      "tailLines=1000",
      "limitBytes=9",
      "limitBytes=10&tailLines=5",
      "tailLines=3&previous=false",
    ].map((query) => get(`${pod}/log?${query}`)),
  ],
  "no end that can be": [
    created,
    ...["tailLines=-1", "limitBytes=0", "limitBytes=-3&tailLines=-4", "tailLines=some"].map((query) =>
      get(`${pod}/log?${query}`),
    ),
  ],
  "a container that the pod doesn't have": [created, get(`${pod}/log?container=sidecar`)],
  "one container of several": [
    several,
    get(`${pod}/log`),
    ...["sidecar", "init"].map((name) => get(`${pod}/log?tailLines=1&container=${name}`)),
  ],
  "a pod that isn't there": [
    get(`${pod}/log`),
    get("/api/v1/namespaces/nowhere/pods/alpine/log"),
    get(`${pod}/log?tailLines=-1`),
  ],
  "a pod that no node runs": [waiting, get(`${pod}/log`), get(`${pod}/log?container=sidecar`)],
  "a pod by other methods": [created, post(`${pod}/log`, {}), remove(`${pod}/log`)],
};

const V5 = "v5.channel.k8s.io";
const V4 = "v4.channel.k8s.io";

function exec(query: string, more: Partial<Request> = {}): Request {
  return { ...get(`${pod}/exec?${query}`), protocols: [V5], ...more };
}

/** A command as the query says it. */
function commandOf(...words: string[]): string {
  return words.map((word) => `command=${encodeURIComponent(word)}`).join("&");
}

const HELLO = commandOf("echo", "hello");

/** What becomes of the commands below on the machine that stands for a node. */
export const COMMANDS: Record<string, CommandResult | Error> = {
  "echo hello": { stdout: "hello\n", exitCode: 0 },
  "sh -c echo oops >&2": { stderr: "oops\n", exitCode: 0 },
  // kwok doesn't say that a command ended with an exit code, as a node does
  "sh -c echo so far; exit 3": new Error("cmd wait: sh -c echo so far; exit 3: exit status 3"),
  "no-such-program": new Error(
    'cmd start: no-such-program : exec: "no-such-program": executable file not found in $PATH',
  ),
};

export const RUNNING: Table = {
  ...Object.fromEntries(
    [V5, V4].flatMap((protocol): [string, Step[]][] => {
      const more = { protocols: [protocol] };
      return [
        [
          `a command (${protocol})`,
          [created, exec(`${HELLO}&stdout=true&stderr=true`, more), exec(`${HELLO}&stdout=1&container=main`, more)],
        ],
        [
          `a command that complains (${protocol})`,
          [created, exec(`${commandOf("sh", "-c", "echo oops >&2")}&stdout=true&stderr=true`, more)],
        ],
        [`a command that nobody listens to (${protocol})`, [created, exec(`${HELLO}&stdout=false&stderr=true`, more)]],
        [
          `a command that can't be run (${protocol})`,
          [
            created,
            exec(`${commandOf("no-such-program")}&stdout=true`, more),
            exec(`${commandOf("sh", "-c", "echo so far; exit 3")}&stderr=true`, more),
          ],
        ],
        [
          `nothing where it isn't known where (${protocol})`,
          [several, exec(`${HELLO}&stdout=true`, more), exec(`${HELLO}&stdout=true&container=nowhere`, more)],
        ],
        [`nothing in a pod that isn't there (${protocol})`, [exec(`${HELLO}&stdout=true`, more)]],
      ];
    }),
  ),
  "a command in one container of several": [several, exec(`${HELLO}&stdout=true&container=sidecar`)],
  "a command for who speaks several protocols": [
    created,
    ...[
      [V5, V4],
      [V4, V5],
      ["made.up", V4],
    ].map((protocols) => exec(`${HELLO}&stdout=true`, { protocols })),
  ],
  "nothing in a pod that no node runs": [waiting, exec(`${HELLO}&stdout=true`)],
  "nothing for who may get and not create": [
    created,
    exec(`${HELLO}&stdout=true`, { as: "reader" }),
    get(`${pod}/exec?${HELLO}`, "reader"),
    { method: "POST", path: `${pod}/exec?${HELLO}`, as: "reader" },
  ],
  "nothing for nobody": [
    created,
    exec(`${HELLO}&stdout=true`, { as: "anonymous" }),
    exec(`${HELLO}&stdout=true`, { as: "impostor" }),
  ],
  "nothing without an upgrade": [
    created,
    get(`${pod}/exec?${HELLO}`),
    { method: "POST", path: `${pod}/exec?${HELLO}` },
    get(`${pod}/exec?${HELLO}&container=nowhere`),
    get(`${pods}/busybox/exec?${HELLO}`),
  ],
  "nothing by other methods": [created, { method: "PUT", path: `${pod}/exec?${HELLO}` }, remove(`${pod}/exec`)],
  "a pod to who asks for an upgrade there": [waiting, { ...get(pod), protocols: [V5] }],
};
