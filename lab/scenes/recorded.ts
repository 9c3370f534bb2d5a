import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { readPayload } from "../falcosidekick.ts";
import type { ObjectInput } from "../kubernetes/object.ts";
import type { LabPod } from "./pods.ts";
import { podNamedBy } from "./subject.ts";

/** How an alert that isn't Falco's gets to the Broker. */
export type Forgery = "without a key" | "with a wrong key" | "as a response";

/** One alert of the lab's play. */
export interface Step {
  title: string;
  /** Falco's JSON. */
  alert: string;
  /** Pods that come up before it. */
  pods: readonly LabPod[];
  /** Pods (`namespace/name`) that must be gone after it, and no others; undefined: nobody has written that out. */
  goes: readonly string[] | undefined;
  /** What the responder must say of it, or "not delivered"; undefined: whatever it says. */
  outcome?: string;
  /** Posted straight to the Broker, and not by falcosidekick; undefined: as Falco does. */
  forgery?: Forgery;
  /** How often falcosidekick is to be told that alerts were refused; undefined: however often. */
  refusalsTold?: number;
}

/** What is there at the start, and the alerts that come. */
export interface Scene {
  pods: readonly LabPod[];
  /** What else is there, as a manifest would give it. */
  objects?: readonly ObjectInput[];
  steps: readonly Step[];
}

/** An alert can't be used; the message is for the person who gave it. */
export class AlertsError extends Error {}

/** The container of every recorded alert. */
const CONTAINER = "3ad7b26ded6d";
/** The pod's UID in the recorded alert that has one. */
const UID = "6e1f2a54-3a49-4a0e-9d0b-7d2f6f0c9b11";

const PODS: readonly LabPod[] = [
  { namespace: "default", name: "alpine", containerId: CONTAINER },
  { namespace: "default", name: "bystander" },
  // the victim's name in another namespace
  { namespace: "shop", name: "alpine" },
  { namespace: "shop", name: "cart-7c9d8f5b6-x2x9k", containerId: CONTAINER },
  { namespace: "shop", name: "web-0", containerId: CONTAINER },
  { namespace: "batch", name: "etl-28391-abcde", containerId: CONTAINER },
  { namespace: "kube-system", name: "coredns-69bdb445bf-64gr8", containerId: CONTAINER },
];

interface RecordedStep {
  title: string;
  file: string;
  pods?: readonly LabPod[];
  /** None where it isn't given. */
  goes?: readonly string[];
  outcome: string;
  forgery?: Forgery;
  refusalsTold?: number;
}

/** How each alert ends by the default rules, written out: they terminate a pod in which a shell is opened, and no other. */
const STEPS: readonly RecordedStep[] = [
  { title: "A shell in default/alpine", file: "terminal-shell", goes: ["default/alpine"], outcome: "terminated" },
  {
    title: "The same alert, late: the name is a new pod's now",
    file: "terminal-shell",
    pods: [{ namespace: "default", name: "alpine", uid: UID }],
    outcome: "replaced",
  },
  {
    title: "A shell in that new pod, the alert with its UID",
    file: "terminal-shell-with-uid",
    goes: ["default/alpine"],
    outcome: "terminated",
  },
  {
    title: "That alert, late again: another pod has the name",
    file: "terminal-shell-with-uid",
    pods: [{ namespace: "default", name: "alpine", containerId: CONTAINER }],
    outcome: "replaced",
  },
  { title: "A shell in a pod of kube-system", file: "terminal-shell-kube-system", outcome: "no-match" },
  { title: "A shell on the host", file: "terminal-shell-on-host", outcome: "no-pod" },
  { title: "A new binary run in shop/web-0", file: "drop-and-execute", outcome: "not delivered" },
  { title: "A connection to a command-and-control server", file: "outbound-c2", outcome: "not delivered" },
  { title: "A sensitive file read", file: "sensitive-file", outcome: "not delivered" },
  { title: "A container that talks to the Kubernetes API", file: "contact-k8s-api", outcome: "not delivered" },
  {
    title: "A forged alert about default/alpine, posted to the Broker without the key",
    file: "terminal-shell",
    forgery: "without a key",
    outcome: "refused",
    refusalsTold: 1,
  },
  {
    title: "The same with a key that was guessed: people have been told within this minute",
    file: "terminal-shell",
    forgery: "with a wrong key",
    outcome: "refused",
    refusalsTold: 0,
  },
  {
    title: "The same as a response, which falcosidekick is given, and signs as an alert",
    file: "terminal-shell",
    forgery: "as a response",
    outcome: "not delivered",
    refusalsTold: 0,
  },
  { title: "The same from Falco", file: "terminal-shell", goes: ["default/alpine"], outcome: "terminated" },
];

/**
 * The recorded alerts, and pods for them to be about.
 *
 * @param byDefaultRules whether the default rules are in force: how each alert has to end is known for those alone
 */
export async function recordedScene(byDefaultRules: boolean): Promise<Scene> {
  const steps = STEPS.map(async ({ file, pods = [], goes = [], outcome, refusalsTold, ...one }): Promise<Step> => ({
    ...one,
    alert: await readFile(new URL(`../alerts/${file}.json`, import.meta.url), "utf8"),
    pods,
    ...(byDefaultRules ? { goes, outcome } : { goes: undefined }),
    ...(byDefaultRules && refusalsTold !== undefined && { refusalsTold }),
  }));
  return { pods: PODS, steps: await Promise.all(steps) };
}

/**
 * Somebody's own alerts: one JSON object, or one a line. Each pod they name is there from the start, and a pod of
 * the same name in another namespace.
 *
 * @param file for messages
 * @throws AlertsError for an alert falcosidekick wouldn't take
 */
export function sceneOf(file: string, text: string): Scene {
  const alerts = isWhole(text)
    ? [{ where: file, alert: text }]
    : text.split("\n").map((alert, index) => ({ where: `${file}, line ${index + 1}`, alert }));
  const used = alerts.filter(({ alert }) => alert.trim() !== "");
  if (used.length === 0) throw new AlertsError(`${file} holds no alert; give Falco's JSON output, one alert a line`);
  const pods = new Map<string, LabPod>();
  const steps = used.map(({ where, alert }): Step => {
    const payload = readPayload(alert);
    if (typeof payload === "string") throw new AlertsError(`${where} is no alert falcosidekick takes: ${payload}`);
    const pod = podNamedBy(payload);
    // what the first alert about a pod leaves out, a later one may say
    if (pod) pods.set(`${pod.namespace}/${pod.name}`, { ...pod, ...pods.get(`${pod.namespace}/${pod.name}`) });
    return {
      title: pod ? `${payload.rule}: ${pod.namespace}/${pod.name}` : payload.rule,
      alert,
      pods: [],
      goes: undefined,
    };
  });
  const bystanders = [...pods.values()].map(({ name }): LabPod => ({ namespace: "bystanders", name }));
  return { pods: [...bystanders.filter(({ name }) => !pods.has(`bystanders/${name}`)), ...pods.values()], steps };
}

function isWhole(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What to call the alerts' source in messages. */
export function nameOf(file: string): string {
  return file === "-" ? "standard input" : basename(file);
}
