import type { V1ObjectReference } from "@kubernetes/client-node";
import { podOf, type Alert, type PodReference } from "../alert.ts";
import type { Cluster } from "../cluster.ts";
import type { Permission } from "../permissions.ts";

/** How an action ended, in the words of the log, the metrics and the reply. */
export type Outcome =
  | "terminated"
  /** What the action does other than that. */
  | "done"
  /** A parameter of the action or a protected namespace said no. */
  | "ignored"
  /** The pod is no longer there. */
  | "gone"
  /** A pod of the same name is there, but it is not the one that raised the alert. */
  | "replaced"
  /** Another alert has set off the same rule on the same pod a moment ago. */
  | "deduplicated"
  /** The alert is the host's, or that of a container outside Kubernetes. */
  | "no-pod"
  | "dry-run"
  /** The API refused for good, or the action can't be done on this alert. */
  | "failed";

export interface Result {
  outcome: Outcome;
  /** One sentence for a person, without a full stop. */
  message: string;
  /** What the action brought to light; undefined for one that only acts. */
  output?: Output;
}

/** What a command printed, a container logged or the API knows of a pod. */
export interface Output {
  mediaType: "text/plain" | "application/json";
  text: string;
  /** Whether there was more than is kept. */
  truncated: boolean;
}

/** What an action is given to work on. */
export interface Occasion {
  alert: Alert;
  cluster: Cluster;
  /** For an action that goes beyond its subject, which is in none of these. */
  protectedNamespaces: ReadonlySet<string>;
  /** What the action's additional contexts say, by name ("node.hostname"). */
  context: ReadonlyMap<string, string>;
}

/** The same for an action on a pod: the one that the alert names. */
export interface PodOccasion extends Occasion {
  pod: PodReference;
}

/** What an action would touch, as far as the alert says; `namespace` is undefined for what is in none. */
export interface Subject {
  described: string;
  namespace: string | undefined;
  /** The object itself, as a Kubernetes Event refers to it. */
  reference: V1ObjectReference;
  /** What tells it from another of its name, as far as the alert says. */
  identity: string;
}

/** A parameter's meaning, what it may be, and how a value of a rules file is read. */
export interface Parameter<T> {
  description: string;
  /** What a value may be, for the error message and the documentation. */
  allowed: string;
  default: T;
  /** Whether a rules file must give it. */
  required?: boolean;
  /** The value as the action wants it; undefined where it is not allowed. */
  parse: (value: unknown, readFile: ReadFile) => T | undefined;
}

/** An action with its parameters read: what a response rule holds. */
export interface PreparedAction {
  permissions: readonly Permission[];
  /**
   * Does it. What the API refuses or can't do for now is thrown as the client threw it; what the action
   * itself makes of an answer (gone, replaced) is its result.
   */
  run: (occasion: Occasion) => Promise<Result>;
}

/**
 * An action that response rules can name, all of it in one place: what it is called, what it can be told, what
 * it needs and what it does. The stack reads the data of it without a cluster.
 */
export interface Actionner {
  /** As in a rules file: "kubernetes:terminate". */
  name: string;
  description: string;
  parameters: Readonly<Record<string, Parameter<unknown>>>;
  /** The output fields an alert must have for it. */
  requiredFields: readonly string[];
  /** undefined where the alert lacks one of those. */
  subjectOf: (alert: Alert) => Subject | undefined;
  /** Whether the rule's next action runs after it where the rules file doesn't say. */
  continue: boolean;
  /** Whether to do it again at once changes nothing, by what the API knows: a UID, the same patch. */
  repeatable: boolean;
  /** Whether it gives an output, and so may be told a target for it. */
  givesOutput: boolean;
  /** An entry of a rules file, as YAML. */
  example: string;
  /**
   * @param readFile gives the text of a file that a parameter names
   * @throws {ParameterError} for a parameter it does not have, or a value that is not allowed
   */
  prepare: (parameters: Readonly<Record<string, unknown>>, readFile?: ReadFile) => PreparedAction;
}

/** Gives a file's text. @throws {Error} that says why it can't */
export type ReadFile = (path: string) => string;

/** The message names the parameter, its value and what is allowed. */
export class ParameterError extends Error {
  override name = "ParameterError";
}

interface Declaration<P extends object, O> extends Omit<Actionner, "parameters" | "prepare"> {
  parameters: { [Name in keyof P]: Parameter<P[Name]> };
  /** What it needs of the Kubernetes API when run with these parameters. */
  permissions: (parameters: P) => readonly Permission[];
  /** What can't be said of one parameter alone: undefined where they go together, else what is wrong. */
  objection?: (parameters: P) => string | undefined;
  run: (occasion: O, parameters: P) => Promise<Result>;
}

/** Makes an actionner of its declaration, with its parameters typed inside and checked at the door. */
export function actionner<P extends object>(declaration: Declaration<P, Occasion>): Actionner {
  const { permissions, objection, run, ...data } = declaration;
  const known = Object.entries<Parameter<unknown>>(data.parameters);
  return {
    ...data,
    parameters: Object.fromEntries(known),
    prepare: (given, readFile = noFiles) => {
      for (const name of Object.keys(given)) {
        if (!known.some(([key]) => key === name)) {
          const supported = known.map(([key]) => key).join(", ") || "none";
          throw new ParameterError(`parameters.${name}: ${data.name} has no such parameter; it has ${supported}`);
        }
      }
      const values = known.map(([name, parameter]) => [name, read(name, given[name], parameter, readFile)]);
      const parameters = Object.fromEntries(values) as P;
      const problem = objection?.(parameters);
      if (problem !== undefined) throw new ParameterError(`parameters: ${problem}`);
      return { permissions: permissions(parameters), run: (occasion) => run(occasion, parameters) };
    },
  };
}

/** The same for an action on the pod that raised the alert, or on the node it is on. */
export function podActionner<P extends object>(
  declaration: Omit<Declaration<P, PodOccasion>, "requiredFields" | "subjectOf">,
): Actionner {
  return actionner<P>({
    ...declaration,
    requiredFields: ["k8s.ns.name", "k8s.pod.name"],
    subjectOf: (alert) => {
      const pod = podOf(alert);
      if (!pod) return undefined;
      const { namespace, name, uid, containerId = "" } = pod;
      const reference = { apiVersion: "v1", kind: "Pod", namespace, name, ...(uid !== undefined && { uid }) };
      return { described: `pod ${namespace}/${name}`, namespace, reference, identity: uid ?? containerId };
    },
    run: async (occasion, parameters) => {
      const pod = podOf(occasion.alert);
      if (!pod) throw new TypeError("an alert without a subject is never acted on");
      return await declaration.run({ ...occasion, pod }, parameters);
    },
  });
}

function noFiles(): never {
  throw new Error("no files are at hand here");
}

function read<T>(name: string, value: unknown, { allowed, default: otherwise, required, parse }: Parameter<T>, readFile: ReadFile): T {
  if (value === undefined || value === null) {
    if (required) throw new ParameterError(`parameters.${name}: is missing; it takes ${allowed}`);
    return otherwise;
  }
  const parsed = parse(value, (path) => {
    try {
      return readFile(path);
    } catch (error) {
      throw new ParameterError(`parameters.${name}: ${JSON.stringify(path)} can't be read: ${(error as Error).message}`);
    }
  });
  if (parsed === undefined) {
    throw new ParameterError(`parameters.${name}: ${JSON.stringify(value)} is not allowed; it takes ${allowed}`);
  }
  return parsed;
}

/** A yes or no, also as the string that Talon's files may hold. */
export function flag(description: string): Parameter<boolean> {
  return {
    description,
    allowed: "true or false",
    default: false,
    parse: (value) => {
      if (typeof value === "boolean") return value;
      return value === "true" ? true : value === "false" ? false : undefined;
    },
  };
}

/** Any text that is not empty. */
export function text(description: string, allowed: string, otherwise = ""): Parameter<string> {
  return { description, allowed, default: otherwise, parse: (value) => (typeof value === "string" && value !== "" ? value : undefined) };
}

/** A list of texts, each read by `item`; empty where it isn't given. */
export function list<T>(
  description: string,
  allowed: string,
  item: (value: string) => T | undefined,
): Parameter<readonly T[]> {
  return {
    description,
    allowed: `a list of ${allowed}`,
    default: [],
    parse: (value) => {
      if (!Array.isArray(value)) return undefined;
      const items = value.map((one: unknown) => (typeof one === "string" ? item(one) : undefined));
      return items.every((one) => one !== undefined) ? items : undefined;
    },
  };
}

/** A number or text that is a whole number, 0 or more; undefined otherwise. */
export function wholeNumber(value: unknown): number | undefined {
  const text = typeof value === "number" || typeof value === "string" ? String(value) : "";
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** A whole number of something, 1 or more, for a parameter's declaration. */
export function positive(unit: string): Pick<Parameter<number>, "allowed" | "parse"> {
  return { allowed: `a whole number of ${unit}, 1 or more`, parse: (value) => wholeNumber(value) || undefined };
}
