import type { Actionner } from "../../responder/actions/actionner.ts";
import { ACTIONNERS } from "../../responder/actions/catalogue.ts";
import { CONTEXTS } from "../../responder/actions/contexts.ts";
import type { Parameter, Schema } from "../../responder/actions/parameters.ts";
import { PRIORITIES } from "../../responder/alerts/priority.ts";
import { KEYS } from "../../responder/rules/entries.ts";
import { MATCH_KEYS } from "../../responder/rules/match.ts";
import { TARGET } from "../../responder/rules/read-action.ts";
import { sentence } from "./table.ts";

const TEXT: Schema = { type: ["string", "null"] };
const NAME: Schema = { type: "string", pattern: "\\S" };
const FLAG: Schema = { enum: [true, false, "true", "false", null] };
const TEXTS: Schema = { type: ["array", "null"], items: { type: "string", minLength: 1 } };
const COMPARATORS = ["", "<", "<=", "=", ">=", ">"];

/**
 * A schema of rules files for editors: the keys, priorities, actionners and parameters that the check of a rules file
 * knows. What depends on more than one entry it leaves to that check: a key that another entry or file may give is not
 * asked for.
 * @see https://json-schema.org/draft-07
 */
export function rulesSchema(actionners: readonly Actionner[] = ACTIONNERS): Schema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Response rules",
    description: "Rules that say which of Falco's alerts are answered with which actions",
    type: ["array", "null"],
    items: {
      type: "object",
      if: { required: ["rule"] },
      then: { $ref: "#/definitions/rule" },
      else: { $ref: "#/definitions/action" },
    },
    definitions: {
      rule: { ...mapOf(KEYS.rule, RULE), required: ["rule"] },
      match: { ...mapOf(MATCH_KEYS, MATCH), type: ["object", "null"] },
      action: {
        ...mapOf(KEYS.action, actionOf(actionners)),
        required: ["action"],
        allOf: actionners.map(conditionOf),
      },
      ...Object.fromEntries(actionners.map((one) => [one.name, parametersOf(one)])),
    },
  };
}

const RULE: Readonly<Record<string, Schema>> = {
  rule: { ...NAME, description: "Its name; an entry of a later file with the same name overrides it." },
  description: TEXT,
  match: { $ref: "#/definitions/match" },
  actions: {
    description: "What it does, in order.",
    type: "array",
    minItems: 1,
    items: { $ref: "#/definitions/action" },
  },
  continue: { ...FLAG, description: "Whether rules below it may answer the same alert (default: true)." },
  dry_run: { ...FLAG, description: "Whether it only says what it would do (default: false)." },
  notifiers: { description: "Not read: responses go to falcosidekick's outputs." },
};

const MATCH: Readonly<Record<string, Schema>> = {
  rules: { ...TEXTS, description: "Names of Falco rules, any of which will do; none: all." },
  priority: {
    description: "A priority, after <, <=, =, >=, > or nothing.",
    anyOf: [
      { enum: COMPARATORS.flatMap((comparator) => PRIORITIES.map((priority) => `${comparator}${priority}`)) },
      { type: "string", pattern: `^\\s*([<>]?=?)\\s*(${PRIORITIES.map(inAnyCase).join("|")})\\s*$` },
      { enum: ["", null] },
    ],
  },
  tags: { ...TEXTS, description: 'Each line wants all its tags ("TAG, TAG"); one line must agree.' },
  output_fields: {
    type: ["array", "null"],
    items: { type: "string", pattern: "=" },
    description: 'Each line wants all its conditions ("FIELD=VALUE, FIELD!=VALUE"); one line must agree.',
  },
  source: { ...TEXT, description: "Falco's data source, such as syscall." },
};

function actionOf(actionners: readonly Actionner[]): Readonly<Record<string, Schema>> {
  return {
    action: { ...NAME, description: "Its name, by which rules refer to it." },
    description: TEXT,
    actionner: { enum: actionners.map(({ name }) => name), description: "What it does." },
    parameters: { type: ["object", "null"] },
    continue: { ...FLAG, description: "Whether the rule's next action runs after it." },
    ignore_errors: { ...FLAG, description: "Whether a failure counts as none (default: false)." },
    additional_contexts: {
      type: ["array", "null"],
      items: { enum: CONTEXTS.map(({ name }) => name) },
      description: "What the action is told beyond the alert.",
    },
    output: {
      type: ["object", "null"],
      required: ["target"],
      properties: {
        target: { type: "string", pattern: TARGET.source },
        parameters: { type: "object" },
      },
      description: "Where its output is to go.",
    },
  };
}

/** What one actionner's own parameters are, where an entry names it. */
function conditionOf({ name, description, givesOutput }: Actionner): Schema {
  return {
    if: { properties: { actionner: { const: name } }, required: ["actionner"] },
    then: {
      properties: {
        actionner: { description: sentence(description) },
        parameters: { $ref: `#/definitions/${name}` },
        ...(givesOutput ? {} : { output: { type: "null" } }),
      },
    },
  };
}

function parametersOf({ parameters }: Actionner): Schema {
  const properties = Object.fromEntries(Object.entries(parameters).map(([key, one]) => [key, parameterOf(one)]));
  return { type: ["object", "null"], properties, additionalProperties: false };
}

function parameterOf({ description, allowed, required, schema = {}, default: otherwise }: Parameter<unknown>): Schema {
  const isPlain = ["string", "number", "boolean"].includes(typeof otherwise) && otherwise !== "";
  return {
    ...schema,
    description: `${sentence(description)} Takes ${allowed}.${required ? " Must be given." : ""}`,
    ...(isPlain && { default: otherwise }),
  };
}

/** Only these keys; one that this file says nothing of may hold anything. */
function mapOf(keys: readonly string[], fragments: Readonly<Record<string, Schema>>): Schema {
  const properties = Object.fromEntries(keys.map((key) => [key, fragments[key] ?? {}]));
  return { type: "object", properties, additionalProperties: false };
}

function inAnyCase(word: string): string {
  return [...word].map((letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`).join("");
}
