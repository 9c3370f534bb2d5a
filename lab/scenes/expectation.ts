import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAlert } from "../../responder/alerts/alert.ts";
import { NotNow } from "../../responder/engine/run-rule.ts";
import { respond } from "../../responder/engine/respond.ts";
import { keyOf } from "../../responder/rules/folder.ts";
import { loadRules } from "../../responder/rules/load.ts";
import { startKubernetes } from "../kubernetes/server.ts";
import type { ServiceObject } from "../program/objects.ts";
import { listPods, pathOf } from "./pods.ts";
import type { KubernetesObject } from "../kubernetes/object.ts";

/** Says which pods the rules take away, with nothing between them and an API that allows everything. */
export interface Expectation {
  /** @param pods those there when the alert comes @returns those that have to go, as `namespace/name` */
  goes(alert: string, pods: readonly KubernetesObject[]): Promise<string[]>;
  close(): Promise<void>;
}

/**
 * What has to go is what the rules say when they are run right here: no Broker, no filter, no role. The lab's chain
 * must come to the same.
 *
 * @param responder the program's Service, for its rules and protected namespaces
 */
export async function startExpectation(responder: ServiceObject): Promise<Expectation> {
  const mounted = Object.assign({}, ...Object.values(responder.mounts)) as Record<string, string>;
  const files = Object.entries(mounted)
    .filter(([name]) => name.endsWith(".yaml"))
    .map(([name, text]) => ({ name, text }));
  const rules = loadRules(
    files.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    {
      dryRun: responder.env["DRY_RUN"] === "true",
      readFile: (path) => mounted[keyOf(path)] ?? "",
    },
  );
  const protectedNamespaces = new Set(
    (responder.env["PROTECTED_NAMESPACES"] ?? "").split(",").map((name) => name.trim()),
  );
  const folder = await mkdtemp(join(tmpdir(), "response-engine-lab-"));
  const kubeconfig = join(folder, "kubeconfig");
  return {
    async goes(alert, pods) {
      const twin = await startKubernetes({ graceScale: 0 });
      try {
        for (const pod of pods) {
          const resource = twin.store.resources.find(({ kind }) => kind === pod.kind);
          if (resource && pod.metadata.deletionTimestamp === undefined) twin.store.place(resource, pod);
        }
        const before = listPods(twin).map(pathOf);
        // loaded here alone: the client takes longer than all the rest, and the recorded alerts need none
        const { connect } = await import("../../responder/kubernetes/client.ts");
        await writeFile(kubeconfig, twin.kubeconfig(twin.adminToken), { mode: 0o600 });
        await respond(parseAlert(JSON.parse(alert)), "expectation", {
          rules,
          protectedNamespaces,
          cluster: connect(5_000, kubeconfig),
          events: false,
          deduplicationSeconds: 0,
        }).catch((error: unknown) => {
          if (!(error instanceof NotNow)) throw error;
        });
        const after = new Set(
          listPods(twin)
            .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
            .map(pathOf),
        );
        return before.filter((path) => !after.has(path));
      } finally {
        await twin.close();
      }
    },
    async close() {
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The Service that answers alerts: the one that has rules mounted. */
export function responderOf(services: readonly ServiceObject[]): ServiceObject {
  const responder = services.find(({ env }) => "RULES_DIR" in env);
  if (!responder) throw new Error("the program has no Service with RULES_DIR in its environment: the responder");
  return responder;
}
