import { generateKeyPairSync, randomBytes, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { tool } from "../../tools/find.ts";
import { Api } from "../cluster/api.ts";
import { eventually } from "./eventually.ts";
import { freePorts } from "../cluster/free-ports.ts";
import { kubeletConfig } from "../cluster/kubelet.ts";
import { Processes } from "../cluster/processes.ts";

export interface ControlPlaneOptions {
  /** How many made-up nodes there are, `node-0` and so on; 2 when left out. */
  nodes?: number;
}

/**
 * A Kubernetes without machines: etcd, kube-apiserver with RBAC on, kube-controller-manager and kube-scheduler are
 * the real ones; kwok (https://kwok.sigs.k8s.io) plays the nodes, so a pod's containers exist in its status alone: see
 * kwok.yaml and kubelet.ts for what they do.
 */
export interface ControlPlane {
  /** Where the API is, `https://127.0.0.1:<port>`. */
  readonly url: string;
  /** PEM of the authority, made for this run, that signed the API's certificate; and the file that holds it. */
  readonly ca: string;
  readonly caFile: string;
  /** Token of a user in `system:masters`, who may do everything. */
  readonly adminToken: string;
  /** The same user's kubeconfig file. */
  readonly adminKubeconfig: string;
  /** Client of that user. */
  readonly api: Api;
  readonly nodes: readonly string[];
  /** The text of a kubeconfig (JSON, which is YAML) for the bearer of a token. */
  kubeconfig(token: string): string;
  /** A token of a ServiceAccount that exists, from the TokenRequest API; valid for an hour. */
  serviceAccountToken(namespace: string, name: string): Promise<string>;
  /** Ends it all and removes what it wrote. */
  stop(): Promise<void>;
}

/**
 * Starts one on free ports of 127.0.0.1 and returns when it does its work: ServiceAccounts are made and nodes Ready.
 * The programs come from {@link tool}, whose first call may build them for minutes. Nothing is left behind, neither
 * when the start fails nor when this process is killed.
 */
export async function startControlPlane({ nodes = 2 }: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const programs = {
    etcd: await tool("etcd"),
    apiServer: await tool("kube-apiserver"),
    controllerManager: await tool("kube-controller-manager"),
    scheduler: await tool("kube-scheduler"),
    kwok: await tool("kwok"),
  };
  const [etcdPort, peerPort, apiPort, nodePort] = await freePorts(4);
  const processes = new Processes("response-engine-cluster");
  const file = (name: string): string => join(processes.folder, name);
  const write = (name: string, text: string): string => {
    writeFileSync(file(name), text, { mode: 0o600 });
    return file(name);
  };

  try {
    const etcdUrl = `http://127.0.0.1:${etcdPort}`;
    const peerUrl = `http://127.0.0.1:${peerPort}`;
    processes.start("etcd", programs.etcd, [
      `--data-dir=${file("etcd")}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      // nothing is to outlive the run
      "--unsafe-no-fsync",
    ]);

    const users = Object.fromEntries(
      Object.entries({
        admin: ["admin", "system:masters"],
        controllerManager: ["system:kube-controller-manager", ""],
        scheduler: ["system:kube-scheduler", ""],
        nodes: ["kwok", "system:masters"],
      }).map(([key, [user, group]]) => [key, { user, group, token: randomBytes(24).toString("hex") }]),
    ) as Record<"admin" | "controllerManager" | "scheduler" | "nodes", { user: string; group: string; token: string }>;
    const tokens = write(
      "tokens.csv",
      Object.values(users)
        .map(({ token, user, group }) => `${token},${user},${user},${group}\n`)
        .join(""),
    );

    const keys = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const signingKey = write("service-accounts.key", keys.privateKey);
    const verifyingKey = write("service-accounts.pub", keys.publicKey);

    const certificates = file("certificates");
    mkdirSync(certificates);
    const url = `https://127.0.0.1:${apiPort}`;
    processes.start("kube-apiserver", programs.apiServer, [
      `--etcd-servers=${etcdUrl}`,
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      `--secure-port=${apiPort}`,
      // where it finds none, it makes an authority and a certificate of its own
      `--cert-dir=${certificates}`,
      "--authorization-mode=Node,RBAC",
      `--token-auth-file=${tokens}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-signing-key-file=${signingKey}`,
      `--service-account-key-file=${verifyingKey}`,
      "--service-cluster-ip-range=10.96.0.0/16",
      // no loopback address may be an endpoint of the Service "kubernetes"
      "--endpoint-reconciler-type=none",
      "--allow-privileged=true",
    ]);

    const served = join(certificates, "apiserver.crt");
    await eventually("kube-apiserver makes its certificate", async () => {
      processes.check();
      return Promise.resolve(existsSync(served) && readFileSync(served, "utf8").includes("END CERTIFICATE"));
    });
    const ca = authority(readFileSync(served, "utf8"));
    const caFile = write("ca.crt", ca);
    const api = new Api(url, ca, users.admin.token);
    const kubeconfig = (token: string): string => kubeconfigOf(url, ca, token);

    await eventually(
      "kube-apiserver is ready",
      async () => {
        processes.check();
        const ready = await api.request("GET", "/readyz").catch(() => undefined);
        return ready?.status === 200;
      },
      { seconds: 120 },
    );

    processes.start("kube-controller-manager", programs.controllerManager, [
      `--kubeconfig=${write("controller-manager.kubeconfig", kubeconfig(users.controllerManager.token))}`,
      `--service-account-private-key-file=${signingKey}`,
      `--root-ca-file=${caFile}`,
      "--use-service-account-credentials=true",
      "--leader-elect=false",
      "--secure-port=0",
    ]);
    processes.start("kube-scheduler", programs.scheduler, [
      `--kubeconfig=${write("scheduler.kubeconfig", kubeconfig(users.scheduler.token))}`,
      "--leader-elect=false",
      "--secure-port=0",
    ]);
    processes.start("kwok", programs.kwok, [
      `--kubeconfig=${write("kwok.kubeconfig", kubeconfig(users.nodes.token))}`,
      `--config=${join(import.meta.dirname, "../cluster/kwok.yaml")},${kubeletConfig(processes.folder)}`,
      "--manage-all-nodes=true",
      "--node-lease-duration-seconds=40",
      "--node-ip=127.0.0.1",
      `--node-port=${nodePort}`,
      `--server-address=127.0.0.1:${nodePort}`,
      `--tls-cert-file=${served}`,
      `--tls-private-key-file=${join(certificates, "apiserver.key")}`,
    ]);

    const names = Array.from({ length: nodes }, (_, index) => `node-${index}`);
    for (const name of names) {
      const labels = { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" };
      await api.demand("POST", "/api/v1/nodes", {
        body: { apiVersion: "v1", kind: "Node", metadata: { name, labels } },
      });
    }
    await eventually(
      "nodes are ready and the default ServiceAccount is there",
      async () => {
        processes.check();
        const account = await api.request("GET", "/api/v1/namespaces/default/serviceaccounts/default");
        const { items } = await api.demand<{ items: Node[] }>("GET", "/api/v1/nodes");
        return account.status === 200 && items.every(usable);
      },
      { seconds: 60 },
    ).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}\n${processes.logs()}`, { cause: error });
    });

    return {
      url,
      ca,
      caFile,
      adminToken: users.admin.token,
      adminKubeconfig: write("admin.kubeconfig", kubeconfig(users.admin.token)),
      api,
      nodes: names,
      kubeconfig,
      async serviceAccountToken(namespace, name) {
        const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
        const body = {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          spec: { expirationSeconds: 3600 },
        };
        return (await api.demand<{ status: { token: string } }>("POST", path, { body })).status.token;
      },
      async stop() {
        api.close();
        await processes.stop();
      },
    };
  } catch (error) {
    await processes.stop();
    throw error;
  }
}

interface Node {
  spec: { taints?: unknown[] };
  status: { conditions?: { type: string; status: string }[] };
}

/** Ready, and seen to be so by the controller that keeps pods away from nodes that are not. */
function usable({ spec, status }: Node): boolean {
  return (
    !spec.taints?.length &&
    (status.conditions ?? []).some((condition) => condition.type === "Ready" && condition.status === "True")
  );
}

/** The authority among the certificates that the API server presents. */
function authority(chain: string): string {
  const certificates = chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? [];
  const found = certificates.find((pem) => new X509Certificate(pem).ca);
  if (found === undefined) throw new Error("kube-apiserver's certificate file holds no authority");
  return found;
}

function kubeconfigOf(server: string, ca: string, token: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, "certificate-authority-data": Buffer.from(ca).toString("base64") } }],
    users: [{ name: "test", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  });
}
