/**
 * What holds of every alert, whatever the rules: the lab judges by it what nobody has written an end for. It knows
 * what the rules may do at most (the actionners they name), never what they have to do: no code of the responder's
 * has a say in it.
 */
import type { SidekickPayload } from "../falcosidekick.ts";
import type { ChangeType } from "../kubernetes/contents.ts";
import type { KubernetesObject } from "../kubernetes/object.ts";
import type { ServiceObject } from "../program/objects.ts";
import { pathOf } from "./pods.ts";
import { isNamedPod, podNamedBy, targetNamedBy } from "./subject.ts";

/** What the program allows the responder at most. */
export interface Limits {
  protectedNamespaces: ReadonlySet<string>;
  dryRun: boolean;
  /** The actionners that the rules name, whether or not a rule comes to use them. */
  actionners: ReadonlySet<string>;
}

/** A change of an object, as it was seen. */
export interface Change {
  type: ChangeType;
  object: KubernetesObject;
}

/** How an alert ended. */
export interface Ending {
  alert: SidekickPayload;
  /** The responder's own word for it; undefined where the alert never came to it. */
  outcome: string | undefined;
  /** The pods that were there when it came. */
  before: readonly KubernetesObject[];
  /** Those of them that are gone. */
  gone: readonly KubernetesObject[];
  changes: readonly Change[];
}

/** Where no rule is in force. */
export const NO_RULES: Limits = { protectedNamespaces: new Set(), dryRun: false, actionners: new Set() };

/** Reads them off the Service that answers alerts: the one that has rules mounted. */
export function limitsOf(services: readonly ServiceObject[]): Limits {
  const responder = services.find(({ env }) => "RULES_DIR" in env);
  if (!responder) throw new Error("the program has no Service with RULES_DIR in its environment: the responder");
  const files = Object.values(responder.mounts).flatMap((mounted) => Object.entries(mounted));
  const rules = files.filter(([name]) => name.endsWith(".yaml")).map(([, text]) => text);
  const named = rules.flatMap((text) => [...text.matchAll(/\bactionner["']?:\s*["']?([\w:-]+)/g)]);
  return {
    protectedNamespaces: new Set((responder.env["PROTECTED_NAMESPACES"] ?? "").split(",").map((name) => name.trim())),
    dryRun: responder.env["DRY_RUN"] === "true",
    actionners: new Set(named.map(([, name = ""]) => name)),
  };
}

/** What of an alert's end goes beyond the limits, in a line each. */
export function beyondLimits(limits: Limits, ending: Ending): string[] {
  return [...wrongPods(limits, ending), ...wrongChanges(limits, ending), ...wrongWord(ending)];
}

/** A pod goes only because the alert is about it. */
function wrongPods(limits: Limits, ending: Ending): string[] {
  return ending.gone.flatMap((pod) => {
    const wrong = `${pathOf(pod)} is gone, and had to stay:`;
    if (limits.protectedNamespaces.has(pod.metadata.namespace ?? "")) return [`${wrong} its namespace is protected`];
    if (isSubject(limits, ending, pod)) return [];
    const named = podNamedBy(ending.alert);
    return named && pathOf(pod) === `${named.namespace}/${named.name}`
      ? [`${wrong} nothing shows that it is the pod that raised the alert, or no rule takes that away`]
      : [`${wrong} the alert is not about it`];
  });
}

/** Whether rules with these actionners may take the pod away for this alert. */
function isSubject({ actionners }: Limits, { alert, before }: Ending, pod: KubernetesObject): boolean {
  const named = podNamedBy(alert);
  if (named && actionners.has("kubernetes:terminate") && isNamedPod(named, pod)) return true;
  if (named && actionners.has("kubernetes:drain")) {
    const raised = before.find((one) => isNamedPod(named, one));
    if (raised && raised.spec?.["nodeName"] === pod.spec?.["nodeName"]) return true;
  }
  const target = targetNamedBy(alert);
  if (!target || !actionners.has("kubernetes:delete")) return false;
  const { namespace, name } = pod.metadata;
  return target.resource === "namespaces"
    ? target.name === namespace
    : target.resource === "pods" && target.namespace === namespace && target.name === name;
}

/** Nothing is touched outside the alert's namespaces, and nothing at all on a dry run; Events only tell. */
function wrongChanges(limits: Limits, ending: Ending): string[] {
  const target = targetNamedBy(ending.alert);
  const allowed = [podNamedBy(ending.alert)?.namespace, target?.namespace];
  if (target?.resource === "namespaces") allowed.push(target.name);
  const touched = ending.changes.filter(({ object }) => object.kind !== "Event");
  const lines = touched.flatMap(({ type, object }) => {
    const { namespace } = object.metadata;
    const change = describeChange({ type, object });
    if (limits.dryRun) return [`${change}, on a dry run`];
    if (namespace === undefined || allowed.includes(namespace)) return [];
    // a pod that goes is judged as such
    if (object.kind === "Pod" && isSubject(limits, ending, object)) return [];
    return [`${change}, and the alert is not about its namespace`];
  });
  return [...new Set(lines)];
}

/** What the responder says must be what has happened. */
function wrongWord({ outcome, gone, changes }: Ending): string[] {
  const going = changes.some(
    ({ type, object }) =>
      object.kind === "Pod" && (type === "DELETED" || object.metadata.deletionTimestamp !== undefined),
  );
  if (outcome === "terminated" && !going) return ["the responder says terminated, and no pod went"];
  if (gone.length === 0 || ["terminated", "done", "failed"].includes(outcome ?? "")) return [];
  const said = outcome === undefined ? "the alert never came to the responder" : `the responder says ${outcome}`;
  return [`${said}, and ${gone.map(pathOf).join(", ")} went`];
}

const CHANGES = { ADDED: "created", MODIFIED: "changed", DELETED: "deleted" };

/** "created NetworkPolicy shop/quarantine". */
export function describeChange({ type, object }: Change): string {
  return `${CHANGES[type]} ${object.kind} ${pathOf(object)}`;
}
