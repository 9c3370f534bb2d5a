import assert from "node:assert/strict";

import type { CommandResult, ContainerCommand } from "../../lab/kubernetes/containers.ts";
import { startKubernetes, type Kubernetes } from "../../lab/kubernetes/server.ts";
import { Api } from "../support/api.ts";
import { ALLOWING, RBAC } from "./embedded/allowing.ts";
import { CHANGING } from "./embedded/changing.ts";
import { CREATING } from "./embedded/creating.ts";
import { DELETING } from "./embedded/deleting.ts";
import { EVICTING } from "./embedded/evicting.ts";
import { LOGS } from "./embedded/logs.ts";
import { EVENTS, OBJECTS, SELECTING } from "./embedded/objects.ts";
import { play, type Server } from "./embedded/play.ts";
import { READING } from "./embedded/reading.ts";
import { COMMANDS, RUNNING } from "./embedded/running.ts";
import { NAMESPACE, pod } from "./embedded/steps.ts";
import { eventually } from "../support/eventually.ts";
import { LOG_LINES } from "../support/control-plane/kubelet.ts";
import { controlPlane } from "./shared.ts";

describe("the lab's embedded Kubernetes API answers like the real one", () => {
  let servers: [real: Server, embedded: Server];
  let kubernetes: Kubernetes | undefined;

  before(async function () {
    const cluster = await controlPlane(this);
    kubernetes = await startKubernetes({
      rbac: RBAC,
      containers: { log: () => Array.from({ length: LOG_LINES }, (_, index) => `line ${index + 1}\n`).join(""), exec },
    });
    const embedded = new Api(kubernetes.url, "", kubernetes.adminToken);
    for (const api of [cluster.api, embedded]) {
      await api.request("POST", "/api/v1/namespaces", {
        body: { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
      });
    }
    await cluster.api.demand("POST", `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, {
      body: { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "reader" } },
    });
    for (const { kind, ...object } of RBAC) {
      const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/${kind.toLowerCase()}s`;
      const roleRef = object.roleRef && { roleRef: { ...object.roleRef, apiGroup: "rbac.authorization.k8s.io" } };
      await cluster.api.demand("POST", path, {
        body: { apiVersion: "rbac.authorization.k8s.io/v1", kind, ...object, ...roleRef },
      });
    }
    const reader = await cluster.serviceAccountToken(NAMESPACE, "reader");
    await eventually(
      "the role is in force",
      async () => (await cluster.api.request("GET", pod, { token: reader })).status === 404,
    );
    await eventually(
      "pods can be created",
      async () =>
        (await cluster.api.request("GET", `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/default`)).status === 200,
    );
    servers = [
      { api: cluster.api, reader },
      { api: embedded, reader: kubernetes.tokenFor(NAMESPACE, "reader") },
    ];
  });

  after(async () => {
    servers[1].api.close();
    await kubernetes?.close();
  });

  const tables = {
    "to reading": READING,
    "to creating": CREATING,
    "to deleting": DELETING,
    "to changing": CHANGING,
    "in allowing": ALLOWING,
    "about what isn't a pod:": OBJECTS,
    "to selecting": SELECTING,
    "to evicting": EVICTING,
    "with the log of": LOGS,
    "in running": RUNNING,
    "about events:": EVENTS,
  };
  for (const [what, table] of Object.entries(tables)) {
    describe(what, () => {
      for (const [title, steps] of Object.entries(table)) {
        it(title, async () => {
          const [real, embedded] = await Promise.all(servers.map((server) => play(server, steps)));
          assert.deepEqual(embedded, real);
        });
      }
    });
  }
});

/** Answers as the machine does that stands for a node. */
function exec(_pod: unknown, _container: string, { command }: ContainerCommand): Promise<CommandResult> {
  const result = COMMANDS[command.join(" ")] ?? new Error(`the table knows nothing of ${command.join(" ")}`);
  return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
}
