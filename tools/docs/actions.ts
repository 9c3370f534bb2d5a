import { parse } from "yaml";
import type { Actionner } from "../../responder/actions/actionner.ts";
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

function section(actionner: Actionner): string {
  const { name, description, requiredFields, example } = actionner;
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
    `- The alert has to have ${requiredFields.map((field) => `\`${field}\``).join(", ")}.`,
    `- The rule's next action runs after it${actionner.continue ? "" : " only with `continue: true`"}.`,
    `- It gives ${actionner.givesOutput ? "an output, which may have a target" : "no output"}.`,
    `- Doing it again ${actionner.repeatable ? "changes nothing" : `is not nothing: a rule acts once on a pod within \`${RESPONDER.deduplicationSeconds.key}\``}.`,
    `- ${needsOf(actionner)}`,
    "",
  ].join("\n");
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
