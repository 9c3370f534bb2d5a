import { existsSync, readFileSync } from "node:fs";

import { Api } from "./api.ts";
import { authorityIn, kubeconfigOf, type Role } from "./control-plane/access.ts";
import { layGround, type Ground } from "./control-plane/ground.ts";
import { kubeletConfig } from "./control-plane/kubelet.ts";
import { createNodes, untilPodsCanRun } from "./control-plane/nodes.ts";
import {
  apiServerArguments,
  controllerManagerArguments,
  etcdArguments,
  findPrograms,
  kwokArguments,
  schedulerArguments,
  type Programs,
} from "./control-plane/programs.ts";
import { eventually } from "./eventually.ts";
import { Processes } from "./processes.ts";

export interface ControlPlaneOptions {
  /** How many made-up nodes there are, `node-0` and so on; 2 when left out. */
  nodes?: number;
}

/**
 * A Kubernetes without machines: etcd, kube-apiserver with RBAC on, kube-controller-manager and kube-scheduler are
 * the real ones; kwok (https://kwok.sigs.k8s.io) plays the nodes, so a pod's containers exist in its status alone: see
 * control-plane/kwok.yaml and kubelet.ts for what they do.
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
 * The programs come from {@link findPrograms}, whose first call may build them for minutes. Nothing is left behind, neither
 * when the start fails nor when this process is killed.
 */
export async function startControlPlane({ nodes = 2 }: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const programs = await findPrograms();
  const processes = new Processes("response-engine-cluster");
  try {
    const ground = await layGround(processes.folder);
    const ca = await startApiServer(programs, processes, ground);
    const { url } = ground;
    const adminToken = ground.users.admin.token;
    const api = new Api(url, ca, adminToken);
    await eventually(
      "kube-apiserver is ready",
      async () => {
        processes.check();
        return (await api.request("GET", "/readyz").catch(() => undefined))?.status === 200;
      },
      { seconds: 180 },
    );
    const caFile = ground.write("ca.crt", ca);
    const kubeconfig = (token: string): string => kubeconfigOf(url, ca, token);
    const kubeconfigFile = (role: Role): string =>
      ground.write(`${role}.kubeconfig`, kubeconfig(ground.users[role].token));
    startControllers(programs, processes, ground, { caFile, kubeconfigFile });
    const names = await createNodes(api, nodes);
    await untilPodsCanRun(api, () => {
      processes.check();
    }).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}\n${processes.logs()}`, { cause: error });
    });
    return {
      url,
      ca,
      caFile,
      adminToken,
      adminKubeconfig: kubeconfigFile("admin"),
      api,
      nodes: names,
      kubeconfig,
      serviceAccountToken: (namespace, name) => requestToken(api, namespace, name),
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

/** Starts it with its store; gives the authority that signed its certificate, as PEM, once there is one. */
async function startApiServer(programs: Programs, processes: Processes, ground: Ground): Promise<string> {
  processes.start("etcd", programs.etcd, etcdArguments(ground));
  processes.start("kube-apiserver", programs.apiServer, apiServerArguments(ground));
  const { certificate } = ground.files;
  return eventually("kube-apiserver makes its certificate", () => {
    processes.check();
    return Promise.resolve(existsSync(certificate) && authorityIn(readFileSync(certificate, "utf8")));
  });
}

/** Starts what makes and runs pods of what the API holds. */
function startControllers(
  programs: Programs,
  processes: Processes,
  ground: Ground,
  { caFile, kubeconfigFile }: { caFile: string; kubeconfigFile: (role: Role) => string },
): void {
  processes.start(
    "kube-controller-manager",
    programs.controllerManager,
    controllerManagerArguments(ground, kubeconfigFile("controllerManager"), caFile),
  );
  processes.start("kube-scheduler", programs.scheduler, schedulerArguments(kubeconfigFile("scheduler")));
  processes.start(
    "kwok",
    programs.kwok,
    kwokArguments(ground, kubeconfigFile("nodes"), kubeletConfig(processes.folder)),
  );
}

/** @see https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/ */
async function requestToken(api: Api, namespace: string, name: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3600 } };
  return (await api.demand<{ status: { token: string } }>("POST", path, { body })).status.token;
}
