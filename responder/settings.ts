import { FLAG, HTTP_URL, integer, list, NAMESPACE, NAMESPACED_NAMES, optional, text, type Format } from "./formats.ts";

/**
 * What the responder can be told, once: the stack writes its Knative Service's environment from these lists, the
 * responder reads it by them, and `--help`, the documentation and the check of Pulumi.yaml are made of them. A new
 * setting is an entry here and, where it has a key, one in Pulumi.yaml.
 */

const PORT = integer(0, 65535, "a port");
const PATH = text("a path", (value) => value !== "");
/** How long an API server keeps Kubernetes Events where nobody has told it otherwise: claims are Events. */
const CLAIM_LIMIT = 3600;
/** Knative's own: config-defaults' max-revision-timeout-seconds. */
const REQUEST_LIMIT = 600;

/** The file of `alertKeysFolder`, and the entry of the Secret that is mounted there. */
export const ALERT_KEYS_FILE = "keys";

/** One thing the responder can be told. */
export interface Setting<T = unknown> {
  /** Environment variable. A list stands in it with commas between its items. */
  variable: string;
  /** Key of the stack's configuration that it comes from; absent: the stack knows it by itself. */
  key?: string;
  format: Format<T>;
  /** Where it isn't set; absent: it is read as empty, which the format may allow. */
  default?: T;
  /** Whole sentences. */
  help: string;
}

export type Settings = Readonly<Record<string, Setting>>;

/** What a setting, or each of several, is when it is read. */
type ValueOf<S> = S extends { format: Format<infer T> } ? T : never;
export type ValuesOf<S extends Settings> = { [Name in keyof S]: ValueOf<S[Name]> };

/** What both services of the stack are told. */
export const LISTENING = {
  port: {
    variable: "PORT",
    format: PORT,
    default: 8080,
    help: "Where deliveries come in, and /healthz and /readyz; 0 is any free one.",
  },
  metricsPort: {
    variable: "METRICS_PORT",
    format: PORT,
    default: 9090,
    help: "Where Prometheus finds /metrics; 0 is any free one.",
  },
} as const satisfies Settings;

/** What the responder is told. */
export const RESPONDER = {
  ...LISTENING,
  rulesFolder: {
    variable: "RULES_DIR",
    format: PATH,
    default: "/etc/response-rules",
    help: "Folder of rules files (*.yaml), merged in the order of their names.",
  },
  alertKeysFolder: {
    variable: "ALERT_KEYS_DIR",
    format: PATH,
    default: "/etc/alert-keys",
    help: "Folder with the file `keys`: the keys of which an alert has to carry one (the CloudEvents extension `alertkey`), one a line. It is read again when it changes. Without a key in it the responder doesn't start.",
  },
  protectedNamespaces: {
    variable: "PROTECTED_NAMESPACES",
    format: list(NAMESPACE),
    default: [
      "kube-system",
      "kube-public",
      "kube-node-lease",
      "falco",
      "knative-serving",
      "knative-eventing",
      "kourier-system",
    ],
    help: "Namespaces in which no rule ever acts. The stack writes those of Kubernetes, Knative, Falco and the responder by their names there, and what `responderProtectedNamespaces` adds.",
  },
  ownServices: {
    variable: "OWN_SERVICES",
    format: NAMESPACED_NAMES,
    default: [],
    help: "Knative Services whose pods no rule ever acts on, wherever they are: the responder itself and its dead letter service.",
  },
  skipBrokenRules: {
    variable: "SKIP_BROKEN_RULES",
    key: "responderSkipBrokenRules",
    format: FLAG,
    default: false,
    help: "Whether a rule that can't be used is left out, with a warning, and the others are; else one such rule stops the preview.",
  },
  timeoutSeconds: {
    variable: "TIMEOUT_SECONDS",
    key: "responderTimeoutSeconds",
    format: integer(1, REQUEST_LIMIT),
    default: 60,
    help: "After how many seconds an alert's handling is given up, and the alert delivered again.",
  },
  dryRun: {
    variable: "DRY_RUN",
    key: "responderDryRun",
    format: FLAG,
    default: false,
    help: "Whether the responder only says what it would do, for all rules; its role is empty then.",
  },
  events: {
    variable: "EVENTS",
    key: "responderEvents",
    format: FLAG,
    default: true,
    help: "Whether what was done is also told as Kubernetes Events of the object it was done to, for `kubectl describe`. The role may create events then.",
  },
  deduplicationSeconds: {
    variable: "DEDUPLICATION_SECONDS",
    key: "responderDeduplicationSeconds",
    format: integer(0, CLAIM_LIMIT),
    default: 60,
    help: "Within how many seconds the same rule acts once on the same pod, whichever replica takes the alert; 0 is no such window. It is for actions whose repetition is not nothing (evidence, log, exec, script, drain), and the role may get, create and patch events for it where the rules have any.",
  },
  findByContainer: {
    variable: "FIND_BY_CONTAINER",
    key: "responderFindByContainer",
    format: FLAG,
    default: false,
    help: "Whether the pod of a container that Falco could not name is looked for among the pods of the alert's node, by the container's id. The role may list pods then.",
  },
  broker: {
    variable: "K_SINK",
    format: optional(HTTP_URL),
    help: "The Broker's address, for the actions' outputs. Empty leaves them in the responses alone.",
  },
  kubeconfig: {
    variable: "KUBECONFIG",
    format: optional(PATH),
    help: "How to reach the Kubernetes API. Empty is as the pod's ServiceAccount.",
  },
} as const satisfies Settings;

/** What the dead letter service is told. */
export const DEAD_LETTER = {
  ...LISTENING,
  falcosidekick: { variable: "FALCOSIDEKICK_URL", format: HTTP_URL, help: "With dead-letter: where alerts go." },
} as const satisfies Settings;
