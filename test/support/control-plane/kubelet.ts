import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** How many lines the log of every container has: `line 1` and so on. */
export const LOG_LINES = 100;

/**
 * Writes the part of kwok's configuration that answers for the kubelet (https://kwok.sigs.k8s.io/docs/user/kwok-manage-logs-and-exec/):
 * every container has the same log, and what is run in one runs on this machine instead, in an empty folder.
 *
 * @returns the file's path
 */
export function kubeletConfig(folder: string): string {
  const logsFile = join(folder, "container.txt");
  const lines = Array.from(
    { length: LOG_LINES },
    (_, index) => `2026-01-01T00:00:00.000000000Z stdout F line ${index + 1}\n`,
  );
  writeFileSync(logsFile, lines.join(""));
  const workDir = join(folder, "container");
  mkdirSync(workDir);

  const apiVersion = "kwok.x-k8s.io/v1alpha1";
  const metadata = { name: "all-pods" };
  const documents = [
    { apiVersion, kind: "ClusterLogs", metadata, spec: { logs: [{ logsFile }] } },
    { apiVersion, kind: "ClusterExec", metadata, spec: { execs: [{ local: { workDir } }] } },
  ];
  const path = join(folder, "kubelet.yaml");
  writeFileSync(path, documents.map((document) => JSON.stringify(document)).join("\n---\n"));
  return path;
}
