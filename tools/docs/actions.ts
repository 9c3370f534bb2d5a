import { parse } from "yaml";
import type { Actionner } from "../../responder/actions/actionner.ts";
import type { Target } from "../../responder/actions/subject.ts";
import { ACTIONNERS } from "../../responder/actions/catalogue.ts";
import { exampleFile } from "../../responder/rules/example.ts";
import { loadRules } from "../../responder/rules/load.ts";
import { permissionsOf } from "../../responder/rules/role.ts";
import { RESPONDER } from "../../responder/settings.ts";
import { sentence, table, valueCell } from "./table.ts";

const HEAD = `# Actions

Made from the actionners' own descriptions by \`npm run docs\`: change it there.

What a rule's action can do: \`actionner\` names one of these, \`parameters\` tells it more. [rules.md](rules.md) says how
rules and actions are written.
`;

/** The page on every actionner: what it does, its parameters, an example, what it needs. */
export function actionsPage(actionners: readonly Actionner[] = ACTIONNERS): string {
  const rows = actionners.map(({ name, description }) => [`[\`${name}\`](#${anchorOf(name)})`, sentence(description)]);
  return [HEAD, table(["actionner", ""], rows), ...actionners.map(section)].join("\n");
}

/** As GitHub makes it of a heading. */
function anchorOf(name: string): string {
  return name.toLowerCase().replace(/[^\w-]/g, "");
}

/** What of an alert says what is acted on. */
const TARGETS: Readonly<Record<Target, string>> = {
  pod: "the pod that the alert names (`k8s.ns.name`, `k8s.pod.name`; `ka.target.*` of an audit alert)",
  node: "the node of that pod, or of an alert of the host (`hostname`)",
  object:
    "the object that an audit alert names (`ka.target.resource`, `ka.target.name` or `ka.resp.name`, `ka.target.namespace`)",
};

function section(actionner: Actionner): string {
  const { name, description, targets, example } = actionner;
  return [
    `## \`${name}\``,
    "",
    sentence(description),
    "",
    parametersOf(actionner),
    "```yaml",
    example.trimEnd(),
    "```",
    "",
    `- It acts on ${targets.map((target) => TARGETS[target]).join(", or on ")}.`,
    `- The rule's next action runs after it${actionner.continue ? "" : " only with `continue: true`"}.`,
    `- It gives ${actionner.givesOutput ? "an output, which may have a target" : "no output"}.`,
    `- Doing it again ${actionner.repeatable ? "changes nothing" : `is not nothing: a rule acts once on a pod within \`${RESPONDER.deduplicationSeconds.key}\``}.`,
    `- ${disruption(actionner)}`,
    `- ${needsOf(actionner)}`,
    "",
  ].join("\n");
}

function disruption({ disrupts }: Actionner): string {
  if (disrupts === 0) return "It disrupts nothing: the limits don't count it, and exemptions don't keep it off.";
  const much = disrupts === 1 ? "one" : `as much as ${disrupts} pods`;
  return `It disrupts: it counts as ${much} under \`${RESPONDER.responseLimits.key}\`, and what is exempt is spared.`;
}

function parametersOf({ parameters }: Actionner): string {
  const rows = Object.entries(parameters).map(([key, { description, allowed, required, default: otherwise }]) => {
    // one too long for a table is said in the description
    const shown = required ? "must be given" : JSON.stringify(otherwise).length > 80 ? "" : valueCell(otherwise);
    return [`\`${key}\``, sentence(allowed), shown, sentence(description)];
  });
  return rows.length > 0 ? table(["parameter", "takes", "default", ""], rows) : "It has no parameters.\n";
}

/** What the role allows for the example. */
function needsOf(actionner: Actionner): string {
  const needs = permissionsOf(loadRules([exampleFile(actionner)])).map(({ apiGroups, resources, verbs }) => {
    const group = apiGroups[0] ? ` (${apiGroups[0]})` : "";
    return `\`${verbs.join("`, `")}\` on ${resources.join(", ")}${group}`;
  });
  const [{ parameters }] = parse(actionner.example) as [{ parameters?: unknown }];
  return `${parameters === undefined ? "It" : "With these parameters it"} needs ${needs.join("; ")}.`;
}
