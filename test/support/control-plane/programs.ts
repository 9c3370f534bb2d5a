import { join } from "node:path";

import { tool } from "../../../tools/find.ts";
import type { Ground } from "./ground.ts";

/** The programs' paths. */
export interface Programs {
  etcd: string;
  apiServer: string;
  controllerManager: string;
  scheduler: string;
  kwok: string;
}

/** Finds them, or builds them for minutes. */
export async function findPrograms(): Promise<Programs> {
  return {
    etcd: await tool("etcd"),
    apiServer: await tool("kube-apiserver"),
    controllerManager: await tool("kube-controller-manager"),
    scheduler: await tool("kube-scheduler"),
    kwok: await tool("kwok"),
  };
}

function etcdUrl({ ports }: Ground): string {
  return `http://127.0.0.1:${ports.etcd}`;
}

export function etcdArguments(ground: Ground): string[] {
  const peerUrl = `http://127.0.0.1:${ground.ports.peer}`;
  return [
    `--data-dir=${ground.files.data}`,
    `--listen-client-urls=${etcdUrl(ground)}`,
    `--advertise-client-urls=${etcdUrl(ground)}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    // nothing is to outlive the run
    "--unsafe-no-fsync",
  ];
}

export function apiServerArguments(ground: Ground): string[] {
  const { ports, files } = ground;
  return [
    `--etcd-servers=${etcdUrl(ground)}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${ports.api}`,
    // where it finds none, it makes an authority and a certificate of its own
    `--cert-dir=${files.certificates}`,
    "--authorization-mode=Node,RBAC",
    `--token-auth-file=${files.tokens}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-signing-key-file=${files.signingKey}`,
    `--service-account-key-file=${files.verifyingKey}`,
    "--service-cluster-ip-range=10.96.0.0/16",
    // no loopback address may be an endpoint of the Service "kubernetes"
    "--endpoint-reconciler-type=none",
    "--allow-privileged=true",
  ];
}

export function controllerManagerArguments({ files }: Ground, kubeconfig: string, caFile: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${files.signingKey}`,
    `--root-ca-file=${caFile}`,
    "--use-service-account-credentials=true",
    "--leader-elect=false",
    "--secure-port=0",
  ];
}

export function schedulerArguments(kubeconfig: string): string[] {
  return [`--kubeconfig=${kubeconfig}`, "--leader-elect=false", "--secure-port=0"];
}

/** @param kubelet the file that says what containers answer */
export function kwokArguments({ ports, files }: Ground, kubeconfig: string, kubelet: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--config=${join(import.meta.dirname, "kwok.yaml")},${kubelet}`,
    "--manage-all-nodes=true",
    "--node-lease-duration-seconds=40",
    "--node-ip=127.0.0.1",
    `--node-port=${ports.node}`,
    `--server-address=127.0.0.1:${ports.node}`,
    `--tls-cert-file=${files.certificate}`,
    `--tls-private-key-file=${files.privateKey}`,
  ];
}
