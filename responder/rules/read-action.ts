import type { Actionner } from "../actions/actionner.ts";
import { ACTIONNERS } from "../actions/catalogue.ts";
import { CONTEXTS, type Context } from "../actions/contexts.ts";
import { ParameterError, type ReadFile } from "../actions/parameters.ts";
import { isMap, shown } from "../json.ts";
import { EntryError, readFlag, readText, type Entry } from "./entries.ts";
import type { OutputTarget, RuleAction } from "./rule.ts";

/**
 * Reads what an entry says of an action.
 * @throws {EntryError}
 */
export function readAction({ name, body }: Entry, readFile: ReadFile | undefined): RuleAction {
  const supported = ACTIONNERS.map((known) => known.name).join(", ");
  const actionnerName = body["actionner"];
  if (typeof actionnerName !== "string") {
    throw new EntryError(`actionner: is missing; it takes one of ${supported}`);
  }
  const actionner = ACTIONNERS.find((known) => known.name === actionnerName);
  if (!actionner)
    throw new EntryError(`actionner: ${shown(actionnerName)} is not supported; it takes one of ${supported}`);
  const parameters = body["parameters"] ?? {};
  if (!isMap(parameters)) throw new EntryError("parameters: is not a map");
  try {
    return {
      name,
      description: readText(body, "description"),
      actionner,
      prepared: actionner.prepare(parameters, readFile),
      continue: readFlag(body, "continue") ?? actionner.continue,
      ignoreErrors: readFlag(body, "ignore_errors") ?? false,
      contexts: readContexts(body["additional_contexts"]),
      ...readOutput(body["output"], actionner),
    };
  } catch (error) {
    throw error instanceof ParameterError ? new EntryError(error.message) : error;
  }
}

function readContexts(value: unknown): Context[] {
  if (value === undefined || value === null) return [];
  const supported = CONTEXTS.map(({ name }) => name).join(", ");
  if (!Array.isArray(value))
    throw new EntryError(`additional_contexts: ${shown(value)} is not allowed; it takes a list of ${supported}`);
  const contexts = value.map((wanted: unknown) => {
    const context = CONTEXTS.find(({ name }) => name === wanted);
    if (!context) throw new EntryError(`additional_contexts: ${shown(wanted)} is not supported; it takes ${supported}`);
    return context;
  });
  // each is read once, however often it is named
  return [...new Set(contexts)];
}

function readOutput(value: unknown, actionner: Actionner): { output?: OutputTarget } {
  if (value === undefined || value === null || (isMap(value) && Object.keys(value).length === 0)) return {};
  if (!actionner.givesOutput) {
    const giving = ACTIONNERS.filter(({ givesOutput }) => givesOutput)
      .map(({ name }) => name)
      .join(", ");
    throw new EntryError(`output: ${actionner.name} gives none; ${giving} do`);
  }
  const { target, parameters } = isMap(value) ? value : {};
  if (typeof target !== "string" || !TARGET.test(target))
    throw new EntryError('output.target: takes a name such as "aws:s3", of letters, digits and -._:/');
  if (parameters !== undefined && parameters !== null && !isMap(parameters))
    throw new EntryError("output.parameters: is not a map");
  return { output: { target, parameters: parameters ?? {} } };
}

/** It travels in a header of the output's event. */
export const TARGET = /^[\w.:/-]{1,128}$/;
