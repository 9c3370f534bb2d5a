import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { RbacObject } from "../../lab/kubernetes/authorizer.ts";
import { startKubernetes, type Kubernetes } from "../../lab/kubernetes/server.ts";
import { listPods, pathOf, placePod } from "../../lab/scenes/pods.ts";
import { startService, type LogLine, type RunningService } from "../../lab/service.ts";
import { ALERT_KEY } from "./alert-key.ts";
import { responderBundle } from "./bundle.ts";

const DEFAULT_RULES = readFileSync(new URL("../../rules.yaml", import.meta.url), "utf8");

/** What the repository's default rules need. */
const RBAC: RbacObject[] = [
  {
    kind: "ClusterRole",
    metadata: { name: "responder" },
    rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "delete"] }],
  },
  {
    kind: "ClusterRoleBinding",
    metadata: { name: "responder" },
    roleRef: { kind: "ClusterRole", name: "responder" },
    subjects: [{ kind: "ServiceAccount", name: "responder", namespace: "default" }],
  },
];

/** As the program describes it, as far as it matters here. */
const SERVICE = {
  name: "responder",
  namespace: "default",
  args: [],
  env: {
    RULES_DIR: "/etc/response-rules",
    ALERT_KEYS_DIR: "/etc/alert-keys",
    PROTECTED_NAMESPACES: "kube-system",
    EVENTS: "false",
  },
  mounts: {
    "/etc/alert-keys": { keys: `${ALERT_KEY}\n` },
    "/etc/response-rules": { "00-rules.yaml": DEFAULT_RULES },
  },
  serviceAccount: "responder",
};

/** The responder's bundle, running against the lab's Kubernetes API; anew for each test. */
export interface BundledResponder {
  readonly kubernetes: Kubernetes;
  readonly service: RunningService;
  /** What it has logged. */
  readonly logged: readonly LogLine[];
  /** Why it has ended, where nobody stopped it. */
  readonly ended: readonly string[];
  /** A running pod with the container that the recorded alerts name; gives its UID. */
  createPod(namespace: string, name: string): string;
  exists(namespace: string, name: string): boolean;
  /** Has other keys in the mounted Secret. */
  setKeys(keys: readonly string[]): void;
}

/** Has one process of it, with the default rules, from before each test of a block until after it. */
export function withBundle(): BundledResponder {
  let folder: string;
  let running: { kubernetes?: Kubernetes; service?: RunningService } = {};
  const logged: LogLine[] = [];
  const ended: string[] = [];

  beforeEach(async () => {
    logged.length = 0;
    ended.length = 0;
    folder = mkdtempSync(join(tmpdir(), "response-engine-bundled-"));
    const kubernetes = await startKubernetes({ rbac: RBAC });
    running = { kubernetes };
    running.service = await startService(SERVICE, {
      bundle: await responderBundle(),
      folder,
      addresses: {},
      kubeconfig: kubernetes.kubeconfig(kubernetes.tokenFor("default", "responder")),
      onLog: (line) => logged.push(line),
      onExit: (reason) => ended.push(reason),
    });
  });

  afterEach(async () => {
    await running.service?.stop();
    await running.kubernetes?.close();
    running = {};
    rmSync(folder, { recursive: true, force: true });
  });

  function get<Key extends keyof typeof running>(key: Key): NonNullable<(typeof running)[Key]> {
    const value = running[key];
    if (!value) throw new Error(`there is no ${key} outside of a test`);
    return value;
  }

  return {
    get kubernetes() {
      return get("kubernetes");
    },
    get service() {
      return get("service");
    },
    logged,
    ended,
    createPod: (namespace, name) =>
      placePod(get("kubernetes"), { namespace, name, containerId: "3ad7b26ded6d" }).metadata.uid,
    setKeys: (keys) => {
      // the first of the folders that are mounted
      writeFileSync(join(folder, "mount-0", "keys"), keys.map((key) => `${key}\n`).join(""));
    },
    exists: (namespace, name) => listPods(get("kubernetes")).some((pod) => pathOf(pod) === `${namespace}/${name}`),
  };
}
