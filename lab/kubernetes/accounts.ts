import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { anonymous, MASTERS, serviceAccount } from "./authorizer.ts";
import type { User } from "./authorizer.ts";
import { unauthorized } from "./status.ts";

/** Who has which bearer token. */
export class Accounts {
  /** Its user may do everything. */
  readonly adminToken = randomUUID();
  readonly #users = new Map<string, User>([
    [this.adminToken, { name: "lab-admin", groups: [MASTERS, "system:authenticated"] }],
  ]);

  /** A bearer token for a ServiceAccount. */
  tokenFor(namespace: string, name: string): string {
    const token = randomUUID();
    this.#users.set(token, serviceAccount(namespace, name));
    return token;
  }

  /** Who sends a request. @throws StatusError 401 for a token nobody has */
  userOf({ headers: { authorization } }: IncomingMessage): User {
    if (authorization === undefined) return anonymous();
    const user = this.#users.get(/^Bearer (.+)$/i.exec(authorization)?.[1] ?? "");
    if (!user) throw unauthorized();
    return user;
  }
}

/** A kubeconfig file's text for a token; JSON, which is YAML. */
export function kubeconfigOf(server: string, token: string): string {
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
