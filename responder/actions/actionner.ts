import type { V1Pod } from "@kubernetes/client-node";
import type { Alert } from "../alerts/alert.ts";
import type { PodReference } from "../alerts/named.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { Permission } from "../kubernetes/permission.ts";
import type { Result } from "./outcome.ts";
import type { Target } from "./subject.ts";
import { ParameterError, noFiles, read, type Parameter, type ReadFile } from "./parameters.ts";

/** What an action is given to work on. */
export interface Occasion {
  alert: Alert;
  cluster: Cluster;
  /**
   * For an action that goes beyond its subject: why a pod is not touched; undefined where it may be.
   * @param shown the pod as the API showed it
   * @throws {ApiError}
   */
  protection: (namespace: string, pod: string, shown: V1Pod) => string | undefined | Promise<string | undefined>;
  /** What the action's additional contexts say, by name ("node.hostname"). */
  context: ReadonlyMap<string, string>;
}

/** The same for an action on a pod: the one that the alert names. */
export interface PodOccasion extends Occasion {
  pod: PodReference;
}

/** An action with its parameters read: what a response rule holds. */
export interface PreparedAction {
  permissions: readonly Permission[];
  target: Target;
  /** Seconds that it may take by what it was told, beside what the API takes; not there: none. */
  seconds?: number;
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
  /** What it can be told to work on. */
  targets: readonly Target[];
  /** Whether the rule's next action runs after it where the rules file doesn't say. */
  continue: boolean;
  /** Whether to do it again at once changes nothing, by what the API knows: a UID, the same patch. */
  repeatable: boolean;
  /**
   * How much of the response limits one run takes: 0 for one that ends and changes nothing that runs, 1 for one that
   * disrupts one pod or node, more for one that ends many.
   */
  disrupts: number;
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

interface Declaration<P extends object, O> extends Omit<Actionner, "parameters" | "prepare"> {
  parameters: { [Name in keyof P]: Parameter<P[Name]> };
  /** Which of its targets it works on with these parameters; the first where this isn't given. */
  target?: (parameters: P) => Target;
  /** What it needs of the Kubernetes API when run with these parameters. */
  permissions: (parameters: P) => readonly Permission[];
  /** How many seconds it may take by its parameters, beside what the API takes. */
  seconds?: (parameters: P) => number;
  /** What can't be said of one parameter alone: undefined where they go together, else what is wrong. */
  objection?: (parameters: P) => string | undefined;
  run: (occasion: O, parameters: P) => Promise<Result>;
}

/** Makes an actionner of its declaration, with its parameters typed inside and checked at the door. */
export function actionner<P extends object>(declaration: Declaration<P, Occasion>): Actionner {
  const { permissions, seconds, objection, run, target, ...data } = declaration;
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
      return {
        permissions: permissions(parameters),
        target: target?.(parameters) ?? firstOf(data.targets),
        ...(seconds && { seconds: seconds(parameters) }),
        run: (occasion) => run(occasion, parameters),
      };
    },
  };
}

function firstOf([target]: readonly Target[]): Target {
  if (target === undefined) throw new TypeError("an actionner works on something");
  return target;
}

/** The same for an action on the pod that raised the alert. */
export function podActionner<P extends object>(
  declaration: Omit<Declaration<P, PodOccasion>, "target" | "targets">,
): Actionner {
  return actionner<P>({
    ...declaration,
    targets: ["pod"],
    run: async (occasion, parameters) => {
      const { pod } = occasion.alert.named;
      if (!pod) throw new TypeError("an alert without a subject is never acted on");
      return await declaration.run({ ...occasion, pod }, parameters);
    },
  });
}
