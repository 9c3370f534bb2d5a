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
  /** The alert is the host's, or that of a container outside Kubernetes. */
  | "no-pod"
  | "dry-run"
  /** The API refused for good, or the action can't be done on this alert. */
  | "failed";

export interface Result {
  outcome: Outcome;
  /** One sentence for a person, without a full stop. */
  message: string;
}

/** What an action is given to work on. */
export interface Occasion {
  alert: Alert;
  cluster: Cluster;
  /** For an action that goes beyond its subject, which is in none of these. */
  protectedNamespaces: ReadonlySet<string>;
}

/** The same for an action on a pod: the one that the alert names. */
export interface PodOccasion extends Occasion {
  pod: PodReference;
}

/** What an action would touch, as far as the alert says; `namespace` is undefined for what is in none. */
export interface Subject {
  described: string;
  namespace: string | undefined;
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
  parse: (value: unknown) => T | undefined;
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
  /** An entry of a rules file, as YAML. */
  example: string;
  /** @throws {ParameterError} for a parameter it does not have, or a value that is not allowed */
  prepare: (parameters: Readonly<Record<string, unknown>>) => PreparedAction;
}

/** The message names the parameter, its value and what is allowed. */
export class ParameterError extends Error {
  override name = "ParameterError";
}

interface Declaration<P extends object, O> extends Omit<Actionner, "parameters" | "prepare"> {
  parameters: { [Name in keyof P]: Parameter<P[Name]> };
  /** What it needs of the Kubernetes API when run with these parameters. */
  permissions: (parameters: P) => readonly Permission[];
  run: (occasion: O, parameters: P) => Promise<Result>;
}

/** Makes an actionner of its declaration, with its parameters typed inside and checked at the door. */
export function actionner<P extends object>(declaration: Declaration<P, Occasion>): Actionner {
  const { permissions, run, ...data } = declaration;
  const known = Object.entries<Parameter<unknown>>(data.parameters);
  return {
    ...data,
    parameters: Object.fromEntries(known),
    prepare: (given) => {
      for (const name of Object.keys(given)) {
        if (!known.some(([key]) => key === name)) {
          const supported = known.map(([key]) => key).join(", ") || "none";
          throw new ParameterError(`parameters.${name}: ${data.name} has no such parameter; it has ${supported}`);
        }
      }
      const values = known.map(([name, parameter]) => [name, read(name, given[name], parameter)]);
      const parameters = Object.fromEntries(values) as P;
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
      return pod && { described: `pod ${pod.namespace}/${pod.name}`, namespace: pod.namespace };
    },
    run: async (occasion, parameters) => {
      const pod = podOf(occasion.alert);
      if (!pod) throw new TypeError("an alert without a subject is never acted on");
      return await declaration.run({ ...occasion, pod }, parameters);
    },
  });
}

function read<T>(name: string, value: unknown, { allowed, default: otherwise, required, parse }: Parameter<T>): T {
  if (value === undefined || value === null) {
    if (required) throw new ParameterError(`parameters.${name}: is missing; it takes ${allowed}`);
    return otherwise;
  }
  const parsed = parse(value);
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
