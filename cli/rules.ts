import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parse, stringify } from "yaml";
import { NotAllowed, type Rates } from "../responder/formats.ts";
import { RESPONDER } from "../responder/settings.ts";
import { replay, sinceOf } from "./replay/replay.ts";
import { textOf } from "./replay/report.ts";
import { AlertError, parseAlert } from "../responder/alerts/alert.ts";
import { mismatch, type Match } from "../responder/rules/match.ts";
import { permissionsOf } from "../responder/rules/role.ts";
import type { AroundActions } from "../responder/rules/deduplication.ts";
import { rulesFor } from "../responder/rules/answering.ts";
import { loadRules, RulesError } from "../responder/rules/load.ts";
import { readRulesFile } from "../responder/rules/read-file.ts";
import type { Rule } from "../responder/rules/rule.ts";
import { alertFilters } from "../stack/events/filters.ts";

const HELP = `usage: npm run rules check FILE... [-- OPTION...]
       npm run rules explain ALERT.json [-- --rules FILE]... [OPTION...]
       npm run rules replay FILE... [-- --rules FILE]... [OPTION...]

check    reads rules files, merged in order, and prints what they would do, the ClusterRole they need and
         the filter of their Trigger
explain  reads one alert, as Falco or falcosidekick writes it ("-": standard input), and prints which rules
         answer it, and why the others don't; the rules are those of rules.yaml where no --rules is given
replay   reads alerts as they were, one a line (Falco's JSON, falcosidekick's log in debug mode, a pod's log with other
         lines between; "-": standard input), and prints what the rules would have done, those that run dry too:
         per rule, namespace, workload and hour, what limits would have held, and the pods hit most

--since WHEN         replay: leaves out older alerts; a duration (30m, 24h, 7d) or a time (2026-11-23T16:00:00Z)
--limit SCOPE=RATE   replay: one of responseLimits, such as workload=30/600 or total=0; may be given again
--protected NAME     replay: a namespace of responderProtectedNamespaces, instead of its default; may be given again
--json               replay: prints JSON
--timeout-seconds N  what responderTimeoutSeconds is in the stack (default: its default)
--skip-broken        leaves out rules that can't be used, with a warning on standard error, and uses the others

exit code: 0; 1 where the rules or the alert can't be used; 2 where this command was not understood
`;

/** How rules files are read, for the stack as it is or will be. */
interface Options {
  timeoutSeconds: number;
  skipBroken: boolean;
}

/** The command line can't be understood. */
class UsageError extends Error {}
/** What a file holds can't be used. */
class InputError extends Error {}

function check(files: readonly string[], options: Options): string {
  if (files.length === 0) throw new UsageError("check takes at least one rules file");
  const rules = readRules(files, options);
  const role = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "responder" },
    rules: permissionsOf(rules, stackDefaults()),
  };
  return [
    `${rules.length} ${rules.length === 1 ? "rule" : "rules"} in ${files.join(", ")}`,
    ...rules.map(describeRule),
    `The role they need, with the defaults of responderEvents and responderDeduplicationSeconds:\n\n${indent(stringify(role))}`,
    `The filter of their Trigger:\n\n${indent(stringify({ filters: alertFilters(rules) }))}`,
  ].join("\n\n");
}

function explain(files: readonly string[], ruleFiles: readonly string[], options: Options): string {
  const [file, ...more] = files;
  if (file === undefined || more.length > 0) throw new UsageError("explain takes one alert");
  const rules = readRules(ruleFiles, options);
  const alert = readAlert(file);
  const answering = rulesFor(alert, rules);
  const lines = rules.map((rule) => {
    const reason = mismatch(rule.match, alert);
    if (answering.includes(rule)) return [`✓ ${rule.name}`, ...describeActions(rule)].join("\n");
    return `✗ ${rule.name}\n    ${reason ?? "a rule before it, or the alert's source, lets it answer none"}`;
  });
  const verdict =
    answering.length === 0 ? "no rule answers it" : `${answering.length} of ${rules.length} rules answer it`;
  return `"${alert.rule}" (${alert.priority}): ${verdict}\n\n${lines.join("\n")}`;
}

async function rehearse(
  files: readonly string[],
  ruleFiles: readonly string[],
  options: Options,
  values: ReplayValues,
) {
  if (files.length === 0) throw new UsageError("replay takes at least one file of alerts");
  const since = values.since === undefined ? undefined : sinceOf(values.since);
  if (values.since !== undefined && since === undefined)
    throw new UsageError(`--since: "${values.since}" is not allowed; it takes 30m, 24h, 7d or 2026-11-23T16:00:00Z`);
  const defaults = stackDefaults();
  const rehearsal = {
    since,
    limits: limitsOf(values.limit ?? []),
    protectedNamespaces: values.protected ?? RESPONDER.protectedNamespaces.default,
    deduplicationSeconds: defaults.deduplicationSeconds,
  };
  const onProgress = (lines: number) => process.stderr.write(`${lines.toLocaleString("en-US")} lines read\n`);
  const rules = readRules(ruleFiles, options);
  try {
    const report = await replay(files, rules, rehearsal, onProgress);
    return values.json ? JSON.stringify(report, null, 2) : textOf(report);
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new InputError(`${path ?? "-"}: can't be read: ${message}`);
  }
}

interface ReplayValues {
  since?: string | undefined;
  limit?: string[] | undefined;
  protected?: string[] | undefined;
  json: boolean;
}

/** The limits by default, but for those given as SCOPE=RATE. */
function limitsOf(given: readonly string[]): Rates {
  const { format } = RESPONDER.responseLimits;
  try {
    return format.read(Object.fromEntries(given.map((one) => one.split("=", 2))));
  } catch (error) {
    throw error instanceof NotAllowed ? new UsageError(`--limit: ${error.message}`) : error;
  }
}

function readRules(files: readonly string[], options: Options): Rule[] {
  return loadRules(
    files.map((name) => ({ name, text: readText(name, readRulesFile) })),
    { ...options, readFile: readRulesFile, onWarning: (warning) => process.stderr.write(`warning: ${warning}\n`) },
  );
}

/** What the stack does where its configuration says nothing. */
function stackDefaults(): AroundActions & { timeoutSeconds: number } {
  const { config } = parse(readFileSync(new URL("../Pulumi.yaml", import.meta.url), "utf8")) as {
    config: Record<string, { default?: unknown }>;
  };
  return {
    events: config["responderEvents"]?.default === true,
    exemptLabel: String(config["exemptLabel"]?.default),
    deduplicationSeconds: Number(config["responderDeduplicationSeconds"]?.default),
    timeoutSeconds: Number(config["responderTimeoutSeconds"]?.default),
  };
}

function readAlert(file: string) {
  try {
    return parseAlert(JSON.parse(file === "-" ? readFileSync(process.stdin.fd, "utf8") : readText(file)));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof AlertError)
      throw new InputError(`${file}: not an alert: ${error.message}`);
    throw error;
  }
}

function readText(file: string, read = (path: string) => readFileSync(path, "utf8")): string {
  try {
    return read(file);
  } catch (error) {
    throw new InputError(`${file}: can't be read: ${(error as Error).message}`);
  }
}

function describeRule(rule: Rule): string {
  return [rule.name, `    when ${describeMatch(rule.match)}`, ...describeActions(rule)].join("\n");
}

function describeActions({ actions, dryRun }: Rule): string[] {
  return actions.map(({ name, actionner }) => `    ${dryRun ? "would run" : "runs"} "${name}" (${actionner.name})`);
}

function describeMatch({ rules, priority, tags, outputFields, source }: Match): string {
  const parts = [
    rules.length > 0 && `the alert's rule is ${rules.map((name) => `"${name}"`).join(" or ")}`,
    priority && `its priority is ${priority.comparator} ${priority.priority}`,
    tags.length > 0 && `it has the tags ${tags.map((all) => all.join(", ")).join(" or ")}`,
    outputFields.length > 0 &&
      outputFields
        .map((all) => all.map(({ field, operator, value }) => `${field}${operator}${value}`).join(" and "))
        .join(", or "),
    source && `its source is ${source}`,
  ];
  return parts.filter(Boolean).join("; ") || "there is any alert";
}

function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, "    ");
}

function secondsOf(given: string | undefined): number {
  if (given === undefined) return stackDefaults().timeoutSeconds;
  if (!/^[1-9]\d{0,8}$/.test(given))
    throw new UsageError(`--timeout-seconds: "${given}" is not allowed; it takes a whole number of seconds, 1 or more`);
  return Number(given);
}

async function run(args: readonly string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h" },
      rules: { type: "string", multiple: true },
      "timeout-seconds": { type: "string" },
      "skip-broken": { type: "boolean", default: false },
      since: { type: "string" },
      limit: { type: "string", multiple: true },
      protected: { type: "string", multiple: true },
      json: { type: "boolean", default: false },
    },
  });
  const [command, ...files] = positionals;
  if (values.help) return HELP;
  const options = { timeoutSeconds: secondsOf(values["timeout-seconds"]), skipBroken: values["skip-broken"] };
  if (command === "check") return check(files, options);
  if (command === "explain") return explain(files, values.rules ?? ["rules.yaml"], options);
  if (command === "replay") return await rehearse(files, values.rules ?? ["rules.yaml"], options, values);
  throw new UsageError(
    command === undefined ? "a command is missing" : `"${command}" is no command; it takes check, explain or replay`,
  );
}

try {
  process.stdout.write(`${(await run(process.argv.slice(2))).trimEnd()}\n`);
} catch (error) {
  const usage = error instanceof UsageError || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS");
  if (!usage && !(error instanceof InputError) && !(error instanceof RulesError)) throw error;
  process.stderr.write(`${(error as Error).message}\n${usage ? `\n${HELP}` : ""}`);
  process.exitCode = usage ? 2 : 1;
}
