import type { OutgoingHttpHeaders } from "node:http";
import type { AgentOptions, RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { ApiError } from "./errors.ts";

/** Where the API is, and what a request shows of who asks. */
export interface Credential {
  server: URL;
  headers: OutgoingHttpHeaders;
  tls: Pick<AgentOptions, "ca" | "cert" | "key" | "pfx" | "passphrase" | "rejectUnauthorized" | "servername">;
}

/** What is to be sent now: tokens are renewed. @throws {ApiError} */
export type Credentials = () => Promise<Credential>;

/** Milliseconds after which token and certificates are read anew; the kubelet renews a token long before it ends. */
const FRESH = 30_000;

/** Milliseconds that reading them may take. */
const IN_TIME = 10_000;

/**
 * The pod's ServiceAccount, or what KUBECONFIG names.
 * @throws {Error} where neither names a cluster
 */
export function credentialsFrom(kubeconfig: string | undefined): Credentials {
  const config = new KubeConfig();
  if (kubeconfig) config.loadFromFile(kubeconfig);
  else config.loadFromCluster();
  const address = config.getCurrentCluster()?.server;
  if (!address || !URL.canParse(address)) throw new Error(`KUBECONFIG ${kubeconfig ?? ""} names no cluster`);
  const server = new URL(address);
  let known: { since: number; credential: Promise<Credential> } | undefined;
  return inTime(() => {
    if (!known || performance.now() - known.since > FRESH) {
      const one = { since: performance.now(), credential: read(config, server) };
      one.credential.catch(() => {
        if (known === one) known = undefined;
      });
      known = one;
    }
    return known.credential;
  }, IN_TIME);
}

/** The same, and no answer where they don't come within so many milliseconds: a program that gives a token may hang. */
export function inTime(credentials: Credentials, milliseconds: number): Credentials {
  return async () => {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(new ApiError("time-out", `no credentials for the Kubernetes API within ${milliseconds / 1000} s`));
    }, milliseconds);
    try {
      return await Promise.race([credentials(), promise]);
    } finally {
      clearTimeout(timer);
    }
  };
}

async function read(config: KubeConfig, server: URL): Promise<Credential> {
  try {
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const { headers, auth, ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
    const given = Object.entries({ ca, cert, key, pfx, passphrase, rejectUnauthorized, servername });
    const tls = Object.fromEntries(given.filter(([, value]) => value !== undefined)) as Credential["tls"];
    const authorization = auth && { authorization: `Basic ${Buffer.from(auth).toString("base64")}` };
    return { server, headers: { ...(headers as OutgoingHttpHeaders), ...authorization }, tls };
  } catch (error) {
    throw new ApiError("unreachable", `no credentials for the Kubernetes API: ${(error as Error).message}`);
  }
}
