import { randomBytes, X509Certificate } from "node:crypto";

/** Who talks to the API server, by what the user is for. */
export type Role = "admin" | "controllerManager" | "scheduler" | "nodes";

export interface User {
  name: string;
  /** Empty for none. */
  group: string;
  token: string;
}

const USERS: Record<Role, readonly [name: string, group: string]> = {
  admin: ["admin", "system:masters"],
  controllerManager: ["system:kube-controller-manager", ""],
  scheduler: ["system:kube-scheduler", ""],
  nodes: ["kwok", "system:masters"],
};

/** Users with tokens of their own, made for one run. */
export function createUsers(): Record<Role, User> {
  const created = Object.entries(USERS).map(([role, [name, group]]): [string, User] => [
    role,
    { name, group, token: randomBytes(24).toString("hex") },
  ]);
  return Object.fromEntries(created) as Record<Role, User>;
}

/** @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file */
export function tokenFileOf(users: Record<Role, User>): string {
  return Object.values(users)
    .map(({ name, group, token }) => `${token},${name},${name},${group}\n`)
    .join("");
}

/** The text of a kubeconfig (JSON, which is YAML) for the bearer of a token. @param ca PEM */
export function kubeconfigOf(server: string, ca: string, token: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, "certificate-authority-data": Buffer.from(ca).toString("base64") } }],
    users: [{ name: "test", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  });
}

/** The authority, as PEM, among the certificates that the API server presents; undefined where it isn't (yet). */
export function authorityIn(chain: string): string | undefined {
  const certificates = chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? [];
  return certificates.find((pem) => new X509Certificate(pem).ca);
}
