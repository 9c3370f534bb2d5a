/**
 * An embedded Kubernetes API over HTTP: what the responder's actions touch, RBAC, and the real server's answers.
 * It is for the lab and the tests alone: it keeps everything in memory, speaks plain HTTP on the loopback
 * address and knows no more of Kubernetes than the responder needs.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, ServerResponse } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { anonymous, createAuthorizer, MASTERS, refusal, serviceAccount } from "./authorizer.ts";
import type { RbacObject, User } from "./authorizer.ts";
import { readBody } from "./body.ts";
import { QUIET } from "./containers.ts";
import type { Containers } from "./containers.ts";
import { parseExec, serveExec } from "./exec.ts";
import { handle } from "./requests.ts";
import { RESOURCES } from "./resources.ts";
import type { Resource } from "./resources.ts";
import { forbidden, StatusError, unauthorized } from "./status.ts";
import { Store } from "./store.ts";
import { parseTarget } from "./target.ts";

/** A request as the log keeps it. */
export interface LoggedRequest {
  user: string;
  /** RBAC's verb: get, list, create, update, patch, delete. */
  verb: string;
  method: string;
  path: string;
  /** The status answered; 0 for a request left without an answer. */
  status: number;
}

/** Makes the next requests go wrong. */
export interface Fault {
  /** The status to answer, `hang` to never answer, `reset` to cut the connection. */
  answer: 403 | 429 | 500 | 503 | 504 | "hang" | "reset";
  /** How many requests. */
  times: number;
  /** How many go well before; none where it isn't given. */
  after?: number;
  /** Only requests of this verb. */
  verb?: string;
}

export interface KubernetesOptions {
  /** Roles and bindings in force, as plain JSON; those in the store are objects like others and allow nothing. */
  rbac?: readonly RbacObject[];
  resources?: readonly Resource[];
  /** How long a second of a grace period lasts, in seconds. Default 1. */
  graceScale?: number;
  /** What containers have written and what becomes of a command in one; {@link QUIET} for what is left out. Nothing is ever run. */
  containers?: Partial<Containers>;
}

/** The embedded API, listening. */
export interface Kubernetes {
  url: string;
  /** Its user may do everything. */
  adminToken: string;
  store: Store;
  /** Every request answered, oldest first. */
  requests: readonly LoggedRequest[];
  /** A bearer token for a ServiceAccount. */
  tokenFor(namespace: string, name: string): string;
  /** A kubeconfig file's text for a token; JSON, which is YAML. */
  kubeconfig(token: string): string;
  fail(fault: Fault): void;
  close(): Promise<void>;
}

const REASONS: Record<number, [reason: string, message: string]> = {
  403: ["Forbidden", "forbidden: injected by the lab"],
  429: ["TooManyRequests", "Too many requests, please try again later."],
  500: ["InternalError", "Internal error occurred: injected by the lab"],
  503: ["ServiceUnavailable", "the server is currently unable to handle the request"],
  504: ["Timeout", "Timeout: request did not complete within the allotted timeout"],
};

/** Starts the embedded API on a free port. */
export async function startKubernetes(options: KubernetesOptions = {}): Promise<Kubernetes> {
  const store = new Store(options.resources ?? RESOURCES, options.graceScale);
  for (const resource of store.resources)
    for (const name of resource.immortal ?? []) store.place(resource, { metadata: { name } });
  const authorized = createAuthorizer(options.rbac ?? []);
  const containers: Containers = { ...QUIET, ...options.containers };
  const adminToken = randomUUID();
  const users = new Map<string, User>([[adminToken, { name: "lab-admin", groups: [MASTERS, "system:authenticated"] }]]);
  const requests: LoggedRequest[] = [];
  const faults: Fault[] = [];

  const server = createServer((request, response) => {
    void serve(request, response);
  });
  const upgraded = new Set<Duplex>();
  server.on("upgrade", (request, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
    // what is no exec is answered as if nobody had asked for an upgrade
    const response = new ServerResponse(request);
    response.assignSocket(socket as Socket);
    response.once("finish", () => socket.end());
    void serve(request, response, head);
  });

  /** @param head what came with the headers of a request to upgrade; undefined for any other */
  async function serve(request: IncomingMessage, response: ServerResponse, head?: Buffer): Promise<void> {
    const target = parseTarget(store.resources, request);
    const { attributes } = target;
    const entry: LoggedRequest = {
      user: "",
      verb: attributes.verb,
      method: request.method ?? "GET",
      path: request.url ?? "/",
      status: 0,
    };
    requests.push(entry);
    try {
      const body = head ? "" : await readBody(request);
      const user = authenticate(users, request);
      entry.user = user.name;
      const fault = takeFault(faults, entry.verb);
      if (fault?.answer === "hang") return;
      if (fault?.answer === "reset") {
        response.destroy();
        return;
      }
      if (fault) throw injected(fault.answer);
      if (!authorized(user, attributes))
        throw forbidden(attributes.apiGroup, attributes.resource, attributes.name, refusal(user, attributes));
      const isExec = target.resource?.resource === "pods" && attributes.subresource === "exec";
      // a GET that runs a command needs leave to create, too: https://github.com/kubernetes/kubernetes/issues/133515
      if (isExec && !authorized(user, { ...attributes, verb: "create" }))
        throw forbidden("", "pods", attributes.name, "");
      if (isExec && head && response.socket && attributes.verb === "get") {
        const { socket } = response;
        const execution = parseExec(store, attributes, target.query);
        response.detachSocket(socket);
        entry.status = serveExec(execution, containers, request, socket, head);
        return;
      }
      const answer = handle(store, containers, { target, request, body });
      entry.status = answer.code;
      send(response, answer.code, answer.body);
    } catch (error) {
      const status =
        error instanceof StatusError
          ? error
          : new StatusError(500, "InternalError", `Internal error occurred: ${String(error)}`);
      entry.status = status.code;
      const wait = status.details?.["retryAfterSeconds"];
      if (typeof wait === "number") response.setHeader("Retry-After", String(wait));
      send(response, status.code, status.toStatus());
    }
  }

  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    adminToken,
    store,
    requests,
    tokenFor(namespace, name) {
      const token = randomUUID();
      users.set(token, serviceAccount(namespace, name));
      return token;
    },
    kubeconfig: (token) => kubeconfig(`http://127.0.0.1:${port}`, token),
    fail: (fault) => {
      faults.push({ ...fault });
    },
    async close() {
      store.close();
      for (const socket of upgraded) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function authenticate(users: ReadonlyMap<string, User>, request: IncomingMessage): User {
  const { authorization } = request.headers;
  if (authorization === undefined) return anonymous();
  const user = users.get(/^Bearer (.+)$/i.exec(authorization)?.[1] ?? "");
  if (!user) throw unauthorized();
  return user;
}

function takeFault(faults: Fault[], verb: string): Fault | undefined {
  const fault = faults.find((one) => one.times > 0 && (one.verb === undefined || one.verb === verb));
  if (!fault) return undefined;
  const { after = 0 } = fault;
  if (after > 0) fault.after = after - 1;
  else fault.times -= 1;
  return after > 0 ? undefined : fault;
}

function injected(code: 403 | 429 | 500 | 503 | 504): StatusError {
  const [reason = "InternalError", message = ""] = REASONS[code] ?? [];
  return new StatusError(code, reason, message, code === 429 ? { retryAfterSeconds: 1 } : {});
}

function send(response: ServerResponse, code: number, body: unknown): void {
  if (response.destroyed || response.headersSent) return;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(code, { "Content-Type": typeof body === "string" ? "text/plain" : "application/json" });
  response.end(text);
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function kubeconfig(server: string, token: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    // @kubernetes/client-node refuses plain HTTP unless the check of certificates is off
    clusters: [{ name: "lab", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "lab", user: { token } }],
    contexts: [{ name: "lab", context: { cluster: "lab", user: "lab" } }],
    "current-context": "lab",
  });
}
