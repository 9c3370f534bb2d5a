/**
 * An embedded Kubernetes API over HTTP: what the responder's actions touch, RBAC, and the real server's answers.
 * It is for the lab and the tests alone: it keeps everything in memory, speaks plain HTTP on the loopback
 * address and knows no more of Kubernetes than the responder needs.
 */
import { createServer, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { listen } from "../listen.ts";
import { Accounts, kubeconfigOf } from "./accounts.ts";
import { createAuthorizer } from "./authorizer.ts";
import type { RbacObject } from "./authorizer.ts";
import { QUIET } from "./containers.ts";
import type { Containers } from "./containers.ts";
import { Faults } from "./faults.ts";
import type { Fault } from "./faults.ts";
import { RESOURCES } from "./resources.ts";
import type { Resource } from "./resources.ts";
import { serve } from "./serve.ts";
import type { LoggedRequest, Service } from "./serve.ts";
import { Store } from "./store.ts";

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

/** Starts the embedded API on a free port. */
export async function startKubernetes(options: KubernetesOptions = {}): Promise<Kubernetes> {
  const store = new Store(options.resources ?? RESOURCES, options.graceScale);
  for (const resource of store.resources)
    for (const name of resource.immortal ?? []) store.place(resource, { metadata: { name } });
  const accounts = new Accounts();
  const service: Service = {
    store,
    containers: { ...QUIET, ...options.containers },
    accounts,
    authorized: createAuthorizer(options.rbac ?? []),
    faults: new Faults(),
    requests: [],
  };

  const server = createServer((request, response) => {
    void serve(service, request, response);
  });
  const upgraded = new Set<Duplex>();
  server.on("upgrade", (request, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
    // what is no exec is answered as if nobody had asked for an upgrade
    const response = new ServerResponse(request);
    response.assignSocket(socket as Socket);
    response.once("finish", () => socket.end());
    void serve(service, request, response, head);
  });

  const { url, close } = await listen(server);
  return {
    url,
    adminToken: accounts.adminToken,
    store,
    requests: service.requests,
    tokenFor: (namespace, name) => accounts.tokenFor(namespace, name),
    kubeconfig: (token) => kubeconfigOf(url, token),
    fail: (fault) => {
      service.faults.add(fault);
    },
    async close() {
      store.close();
      for (const socket of upgraded) socket.destroy();
      await close();
    },
  };
}
