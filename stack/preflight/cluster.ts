import type * as pulumi from "@pulumi/pulumi";
import { existsSync } from "node:fs";
import { request as plainRequest } from "node:http";
import { request, type RequestOptions } from "node:https";

/** What names the cluster, as the Kubernetes provider takes it. */
export interface ClusterConfig {
  /** Of the kubeconfig; absent: its current one. */
  context?: string;
  /** Path or text of one; absent: KUBECONFIG, ~/.kube/config, or a pod's ServiceAccount. */
  kubeconfig?: pulumi.Output<string>;
}

/** Reads what is under a path of the Kubernetes API, such as "/version". @throws Error saying why it can't */
export type Get = (path: string) => Promise<unknown>;

/** How long the cluster may take to say its version, in milliseconds. */
const PATIENCE = 5_000;
/** What the library says for want of a kubeconfig. */
const NOWHERE = "http://localhost:8080";
/** Of an answer. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * The version that the cluster says it has, such as "v1.34.1".
 * @throws Error saying why it can't be asked
 */
export async function versionOf(cluster: ClusterConfig, patience = PATIENCE): Promise<string> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  // what a kubeconfig has run for a token doesn't end with the signal
  const impatience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${patience / 1000} seconds`));
      controller.abort();
    }, patience);
  });
  const asking = async (): Promise<unknown> => (await connect(cluster, controller.signal))("/version");
  try {
    const answer = await Promise.race([asking(), impatience]);
    const version = (answer as { gitVersion?: unknown } | null)?.gitVersion;
    if (typeof version !== "string") throw new Error("its /version says no version");
    return version;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param signal ends what is being asked
 * @throws Error where the kubeconfig can't be used
 */
export async function connect({ context, kubeconfig }: ClusterConfig, signal: AbortSignal): Promise<Get> {
  // a big library, which nothing else of the stack needs
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  const given = kubeconfig && (await valueOf(kubeconfig));
  if (given === undefined) config.loadFromDefault();
  else if (existsSync(given)) config.loadFromFile(given);
  else config.loadFromString(given);
  if (context !== undefined) {
    if (!config.getContextObject(context)) throw new Error(`the kubeconfig has no context "${context}"`);
    config.setCurrentContext(context);
  }
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error("the kubeconfig names no cluster");
  if (given === undefined && server === NOWHERE) throw new Error("there is no kubeconfig");
  // where there is no TLS, the library still wants to be told that there is none to verify
  config.clusters = config.clusters.map((one) =>
    one.server.startsWith("http:") ? { ...one, skipTLSVerify: true } : one,
  );
  const options: RequestOptions = { signal };
  await config.applyToHTTPSOptions(options);
  return async (path) => JSON.parse(await read(new URL(server.replace(/\/+$/, "") + path), options)) as unknown;
}

function read(url: URL, options: RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === "http:" ? plainRequest : request;
    send(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > MOST_BYTES) response.destroy(new Error(`the answer to ${url.pathname} is too long`));
      });
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${url.origin}${url.pathname}: HTTP ${String(response.statusCode)}`));
      });
    })
      .on("error", reject)
      .end();
  });
}

function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply(resolve);
  });
}
