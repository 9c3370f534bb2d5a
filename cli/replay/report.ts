import { plain } from "../../responder/text.ts";
import { ENDS, type End, type Rehearsal, type RehearsalOptions } from "./rehearsal.ts";
import type { Tally } from "./tally.ts";

/** How many names of each kind are told. */
const TOLD = 20;

interface Count {
  name: string;
  count: number;
}

/** What a rehearsal has found, as `--json` prints it. */
export interface Report {
  lines: number;
  alerts: number;
  answered: number;
  from: string | null;
  to: string | null;
  limits: RehearsalOptions["limits"];
  protectedNamespaces: readonly string[];
  rules: (Record<End, number> & { name: string })[];
  namespaces: Count[];
  workloads: Count[];
  hours: Count[];
  held: Count[];
  pods: Count[];
}

export function reportOf(rehearsal: Rehearsal, lines: number, options: RehearsalOptions): Report {
  const { alerts, answered, first, last, byRule, namespaces, workloads, hours, held, pods } = rehearsal;
  return {
    lines,
    alerts,
    answered,
    from: timeOf(first),
    to: timeOf(last),
    limits: options.limits,
    protectedNamespaces: options.protectedNamespaces,
    rules: [...byRule].map(([name, ends]) => ({ name, ...ends })),
    namespaces: countsOf(namespaces),
    workloads: countsOf(workloads),
    hours: countsOf(hours, Infinity).sort((a, b) => (a.name < b.name ? -1 : 1)),
    held: countsOf(held),
    pods: countsOf(pods),
  };
}

function timeOf(time: number): string | null {
  return Number.isFinite(time) ? new Date(time).toISOString() : null;
}

function countsOf(tally: Tally, most = TOLD): Count[] {
  const all = tally.most();
  const others = all.slice(most).reduce((sum, [, count]) => sum + count, tally.others);
  const told = all.slice(0, most).map(([name, count]) => ({ name: plain(name), count }));
  return others > 0 ? [...told, { name: "(others)", count: others }] : told;
}

/** The report for a person. */
export function textOf(report: Report): string {
  const { lines, alerts, answered, from, to, limits, rules } = report;
  const span = from !== null && to !== null ? `, from ${from} to ${to}` : "";
  const limitsTold = Object.entries(limits).map(([scope, rate]) => `${scope} ${rate === "0" ? "none" : rate}`);
  return [
    `${number(alerts)} alerts in ${number(lines)} lines${span}; the rules answer ${number(answered)}`,
    `Limits: ${limitsTold.join(", ")}. Protected: ${report.protectedNamespaces.join(", ") || "none"}.`,
    rulesTable(rules),
    part("Held by limits", report.held),
    part("Acted by namespace", report.namespaces),
    part("By workload, as pods' names tell", report.workloads),
    part("By hour", report.hours),
    part("Pods hit most, by alerts that the rules answer", report.pods),
  ]
    .filter((text) => text !== "")
    .join("\n\n");
}

function rulesTable(rules: Report["rules"]): string {
  const head = `${ENDS.map((end) => end.padStart(11)).join("")}  rule`;
  const rows = rules.map(
    (rule) => `${ENDS.map((end) => number(rule[end]).padStart(11)).join("")}  ${plain(rule.name)}`,
  );
  return [head, ...rows].join("\n");
}

function part(title: string, counts: readonly Count[]): string {
  if (counts.length === 0) return "";
  return [title, ...counts.map(({ name, count }) => `${number(count).padStart(11)}  ${name}`)].join("\n");
}

function number(n: number): string {
  return n.toLocaleString("en-US");
}
