import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { fakeApi, json } from "../responder/kubernetes/api.ts";
import { CONTAINER_ID, POD_UID } from "../responder/fixtures.ts";

/** Answers a request; false: it is answered as by an API where all is well. */
export type Answering = (request: IncomingMessage, response: ServerResponse, body: string) => boolean;

/** Stands where the Kubernetes API would, and answers the worst that a test can think of. */
export interface HostileApi {
  kubeconfig: string;
  /** What it answers from now on for everything but the pod "plain", which is in order. */
  answers(how: Answering): void;
  /** What it does with a command's stream from now on. */
  runs(how: (socket: WebSocket) => void): void;
  stop(): Promise<void>;
}

function podNamed(name: string, more: { annotations?: object; containers?: number } = {}): object {
  const names = Array.from({ length: more.containers ?? 1 }, (_, index) => `c${index}`);
  return {
    kind: "Pod",
    apiVersion: "v1",
    metadata: { name, namespace: "default", uid: POD_UID, annotations: more.annotations ?? {} },
    spec: { nodeName: "node-1", containers: names.map((one) => ({ name: one })) },
    status: {
      containerStatuses: names.map((one, index) => ({
        name: one,
        restartCount: 0,
        containerID: index === 0 ? CONTAINER_ID : `containerd://${String(index).padStart(64, "0")}`,
      })),
    },
  };
}

export async function hostileApi(): Promise<HostileApi> {
  let answer: Answering = () => false;
  let run: (socket: WebSocket) => void = (socket) => {
    socket.close();
  };
  const streams = new WebSocketServer({ noServer: true, handleProtocols: () => "v5.channel.k8s.io" });
  const api = await fakeApi((request, response, { body, url }) => {
    // nobody looks at them, and they are many
    api.asked.length = 0;
    response.on("error", () => undefined);
    // what the responder asks for on its own, beside the alerts, is answered as ever
    const isPlain =
      /\/pods\/plain\b|\/namespaces\/default$|watch=|\/(namespaces|replicasets|deployments|statefulsets|daemonsets|jobs|cronjobs)\?/.test(
        url,
      );
    if (isPlain || !answer(request, response, body)) inOrder(request, response, body);
  });
  api.upgrade((request, socket: Socket, head) => {
    streams.handleUpgrade(request, socket, head, (stream) => {
      stream.on("error", () => undefined);
      run(stream);
    });
  });
  return {
    kubeconfig: readFileSync(api.kubeconfig, "utf8"),
    answers: (how) => (answer = how),
    runs: (how) => (run = how),
    stop: api.stop,
  };
}

/** The kinds of the collections that the responder lists, by the last part of their paths. */
const LISTS: Readonly<Record<string, string>> = {
  ...{ pods: "Pod", events: "Event", namespaces: "Namespace", networkpolicies: "NetworkPolicy" },
  ...{ replicasets: "ReplicaSet", deployments: "Deployment", statefulsets: "StatefulSet" },
  ...{ daemonsets: "DaemonSet", jobs: "Job", cronjobs: "CronJob" },
};

function inOrder(request: IncomingMessage, response: ServerResponse, body: string): void {
  const [path = ""] = (request.url ?? "").split("?", 1);
  const name = path.split("/").at(-1) ?? "";
  if (request.method === "DELETE") {
    json(response, { kind: "Status", status: "Success" });
  } else if (request.method === "PATCH") {
    const { metadata, ...rest } = JSON.parse(body) as { metadata?: object };
    json(response, { kind: path.includes("/nodes/") ? "Node" : "Pod", metadata: { name, ...metadata }, ...rest });
  } else if (path.endsWith("/eviction")) {
    json(response, { kind: "Status", status: "Success" });
  } else if (path.endsWith("/log")) {
    response.writeHead(200, { "content-type": "text/plain" }).end("a line\n");
  } else if (path.includes("/namespaces/default") && path.endsWith("/default")) {
    json(response, { kind: "PartialObjectMetadata", metadata: { name: "default", uid: POD_UID } });
  } else if (request.url?.includes("watch=")) {
    // nothing changes
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
  } else if (name in LISTS) {
    json(response, { kind: `${LISTS[name] ?? ""}List`, items: [], metadata: { resourceVersion: "1" } });
  } else if (path.includes("/nodes/")) {
    json(response, { kind: "Node", metadata: { name, uid: POD_UID } });
  } else {
    const pod = podNamed(name);
    json(
      response,
      String(request.headers.accept).includes("Partial") ? { ...pod, kind: "PartialObjectMetadata" } : pod,
    );
  }
}
