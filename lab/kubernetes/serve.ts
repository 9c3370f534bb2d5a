import type { IncomingMessage, ServerResponse } from "node:http";
import { reasonOf } from "../reason.ts";
import type { Accounts } from "./accounts.ts";
import { refusal } from "./authorizer.ts";
import type { Attributes, User } from "./authorizer.ts";
import { readBody } from "./body.ts";
import type { Containers } from "./containers.ts";
import { parseExec, serveExec } from "./exec.ts";
import type { Faults } from "./faults.ts";
import { handle } from "./requests.ts";
import { serveWatch } from "./watch.ts";
import { forbidden, StatusError } from "./status.ts";
import type { Store } from "./store.ts";
import { parseTarget } from "./target.ts";
import type { Target } from "./target.ts";

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

/** What requests are served from. */
export interface Service {
  store: Store;
  containers: Containers;
  accounts: Accounts;
  authorized: (user: User, attributes: Attributes) => boolean;
  faults: Faults;
  /** The log. */
  requests: LoggedRequest[];
}

/**
 * Serves one request: who asks, whether it is to go wrong, whether it is allowed; then what it asks for.
 *
 * @param head what came with the headers of a request to upgrade; undefined for any other
 */
export async function serve(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
  head?: Buffer,
): Promise<void> {
  const target = parseTarget(service.store.resources, request);
  const { method = "GET", url: path = "/" } = request;
  const entry: LoggedRequest = { user: "", verb: target.attributes.verb, method, path, status: 0 };
  service.requests.push(entry);
  try {
    const body = head ? "" : await readBody(request);
    const user = service.accounts.userOf(request);
    entry.user = user.name;
    const fault = service.faults.next(entry.verb);
    if (fault === "reset") response.destroy();
    if (fault !== undefined) return;
    const isExec = target.resource?.resource === "pods" && target.attributes.subresource === "exec";
    checkAllowed(service, user, target, isExec);
    if (isExec && head && target.attributes.verb === "get") {
      entry.status = upgrade(service, target, request, response, head);
      return;
    }
    if (target.attributes.verb === "watch" && target.resource) {
      entry.status = 200;
      serveWatch(service.store, target.resource, target, response);
      return;
    }
    const answer = handle(service.store, service.containers, { target, request, body });
    entry.status = answer.code;
    send(response, answer.code, answer.body);
  } catch (error) {
    const status =
      error instanceof StatusError
        ? error
        : new StatusError(500, "InternalError", `Internal error occurred: ${reasonOf(error)}`);
    entry.status = status.code;
    const wait = status.details?.["retryAfterSeconds"];
    if (typeof wait === "number") response.setHeader("Retry-After", String(wait));
    send(response, status.code, status.toStatus());
  }
}

/** @throws StatusError 403 */
function checkAllowed({ authorized }: Service, user: User, { attributes, query }: Target, isExec: boolean): void {
  if (!authorized(user, attributes) && !authorized(user, named({ attributes, query })))
    throw forbidden(attributes.apiGroup, attributes.resource, attributes.name, refusal(user, attributes));
  // a GET that runs a command needs leave to create, too: https://github.com/kubernetes/kubernetes/issues/133515
  if (isExec && !authorized(user, { ...attributes, verb: "create" })) throw forbidden("", "pods", attributes.name, "");
}

/** To list or watch what has one name is asked for as that one. @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources */
function named({ attributes, query }: Pick<Target, "attributes" | "query">): Attributes {
  const isOfMany = attributes.verb === "list" || attributes.verb === "watch";
  const [, name] = /^metadata\.name=([^,]+)$/.exec(query.get("fieldSelector") ?? "") ?? [];
  return isOfMany && name !== undefined ? { ...attributes, name } : attributes;
}

/** Takes the connection from HTTP. @throws StatusError 400 or 404 */
function upgrade(
  { store, containers }: Service,
  { attributes, query }: Target,
  request: IncomingMessage,
  response: ServerResponse,
  head: Buffer,
): 101 | 403 {
  const { socket } = response;
  const execution = parseExec(store, attributes, query);
  if (!socket) throw new Error("the connection is gone");
  response.detachSocket(socket);
  return serveExec(execution, containers, request, socket, head);
}

function send(response: ServerResponse, code: number, body: unknown): void {
  if (response.destroyed || response.headersSent) return;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(code, { "Content-Type": typeof body === "string" ? "text/plain" : "application/json" });
  response.end(text);
}
