import { readFileSync, writeFileSync } from "node:fs";
import { parse } from "yaml";
import { ACTIONNERS } from "../responder/actions/catalogue.ts";
import { permissionsOf } from "../responder/rules/role.ts";
import { loadRules } from "../responder/rules/load.ts";
import type { Actionner } from "../responder/actions/actionner.ts";
import { exampleFile } from "../responder/rules/example.ts";

const README = new URL("../README.md", import.meta.url);
const PROJECT = new URL("../Pulumi.yaml", import.meta.url);

/** The README with the tables that are written elsewhere as data: the stack's keys, the actionners. */
export function generate(readme: string, project: string): string {
  const sections = {
    configuration: configurationTable(project),
    actionners: ACTIONNERS.map(actionnerSection).join("\n"),
  };
  return Object.entries(sections).reduce((text, [name, content]) => {
    const section = new RegExp(`(<!-- ${name}: [^>]*-->\n)[^]*?(<!-- end -->)`);
    return text.replace(section, (_all, start: string, end: string) => `${start}${content}${end}`);
  }, readme);
}

interface Key {
  default?: unknown;
  value?: unknown;
  description: string;
}

function configurationTable(project: string): string {
  const { config } = parse(project) as { config: Record<string, Key> };
  const rows = Object.entries(config).map(([name, key]) => {
    const value = key.default ?? key.value;
    const shown = value === "" ? "" : `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
    return [`\`${name}\``, shown, key.description.trim()];
  });
  return table(["key", "default", ""], rows);
}

function actionnerSection(actionner: Actionner): string {
  const { name, description, parameters, example } = actionner;
  const rows = Object.entries(parameters).map(([key, parameter]) => {
    const otherwise = JSON.stringify(parameter.default);
    // one too long for a table is said in the description
    const shown = parameter.default === null || otherwise.length > 80 ? "" : `\`${otherwise}\``;
    return [`\`${key}\``, shown, `${parameter.description}. Takes ${parameter.allowed}.`];
  });
  const permissions = permissionsOf(loadRules([exampleFile(actionner)]));
  const needs = permissions.map(({ apiGroups, resources, verbs }) => {
    const group = apiGroups[0] ? ` (${apiGroups[0]})` : "";
    return `\`${verbs.join("`, `")}\` on ${resources.join(", ")}${group}`;
  });
  return [
    `#### \`${name}\``,
    "",
    `${description}.`,
    "",
    rows.length > 0 ? table(["parameter", "default", ""], rows) : "It has no parameters.\n",
    "```yaml",
    example.trimEnd(),
    "```",
    "",
    `With these parameters it needs ${needs.join("; ")}.`,
    "",
  ].join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replace(/\s+/g, " ")).join(" | ")} |\n`;
  return line(head) + line(head.map(() => "---")) + rows.map(line).join("");
}

if (import.meta.main) {
  writeFileSync(README, generate(readFileSync(README, "utf8"), readFileSync(PROJECT, "utf8")));
}
