import { ALERT_KEY_EXTENSION } from "../../responder/events.ts";
import type { Chain } from "../chain.ts";
import type { Verdict } from "../verdict.ts";
import type { Reporter, Write } from "./reporter.ts";
import { tellStep } from "./step.ts";
import { Terminal } from "./terminal.ts";

/** Text for a terminal. */
export function textReporter(write: Write, colours: boolean): Reporter {
  const terminal = new Terminal(write, colours);
  return {
    progress: (text) => {
      terminal.line(terminal.paint("dim", text));
    },
    started: (started) => {
      tellStart(terminal, started);
    },
    step: (number, report) => {
      tellStep(terminal, number, report);
    },
    serving: (chain, root) => {
      tellAddresses(terminal, chain, root);
    },
    happened: (what, { duration, ...fields }) => {
      const text = Object.values(fields)
        .filter((value) => value !== undefined && value !== "")
        .join("  ");
      terminal.head(what, typeof duration === "number" ? `${text}  ${terminal.took(duration)}` : text);
    },
    verdict: (verdict) => {
      tellVerdict(terminal, verdict);
    },
  };
}

function tellStart(
  terminal: Terminal,
  { stack, resources, evaluated, chain, objects, pods }: Parameters<Reporter["started"]>[0],
): void {
  terminal.line();
  terminal.head("program", `stack ${stack}: ${resources} resources  ${terminal.took(evaluated)}`);
  terminal.head("bundle", `built  ${terminal.took(chain.buildTime)}`);
  for (const { name, url, startup } of chain.services)
    terminal.head("service", `${name} at ${url}, ready  ${terminal.took(startup)}`);
  for (const { metadata, rules } of objects.rbac.filter(({ kind }) => kind.endsWith("Role"))) {
    const allowed = (rules ?? []).map(
      ({ verbs, resources: names }) => `${verbs.join(", ")} ${(names ?? []).join(", ")}`,
    );
    terminal.head("role", `${metadata.name} may ${allowed.join("; ") || "nothing"}`);
  }
  terminal.head("broker", chain.brokerUrl);
  for (const { metadata } of objects.triggers) terminal.head("trigger", metadata.name);
  pods.forEach((pod, index) => {
    terminal.head(index === 0 ? "pods" : "", pod);
  });
  terminal.line();
}

function tellAddresses(terminal: Terminal, { brokerUrl, falcosidekick, alertKey }: Chain, root: string): void {
  for (const line of [
    terminal.paint("bold", "Serving; end with Ctrl-C."),
    "",
    `  Broker         ${brokerUrl}   (falcosidekick: CLOUDEVENTS_ADDRESS)`,
    `  key            ${alertKey}   (falcosidekick: CLOUDEVENTS_EXTENSIONS=${ALERT_KEY_EXTENSION}:KEY)`,
    `  falcosidekick  ${falcosidekick.url}   (Falco: http_output.url)`,
    "",
    "  As Falco would, through the stand-in for falcosidekick:",
    `    curl -d @${root}lab/alerts/terminal-shell.json ${falcosidekick.url}`,
    "  As falcosidekick would, straight to the Broker:",
    `    curl -i -d @${root}lab/alerts/terminal-shell.json -H 'content-type: application/json' \\`,
    "      -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-type: falco.rule.output.v1' -H 'ce-source: https://falco.org' \\",
    `      -H 'ce-${ALERT_KEY_EXTENSION}: ${alertKey}' \\`,
    `      -H 'ce-rule: Terminal shell in container' -H 'ce-priority: Notice' -H 'ce-eventsource: syscall' ${brokerUrl}`,
    "",
  ])
    terminal.line(line);
}

function tellVerdict(terminal: Terminal, verdict: Verdict): void {
  const { ok, writtenOut, gone, there, wrong, forbidden, duration } = verdict;
  if (ok) {
    const [went, stayed] = [count(gone, "pod"), count(there, "pod")];
    const text = writtenOut
      ? `${went} had to go and ${be(gone)} gone; ${stayed} had to stay and ${be(there)} there.`
      : `${went} ${be(gone)} gone and ${stayed} ${be(there)} there; nothing happened that no alert was about.`;
    terminal.line(`${terminal.mark(true)} ${terminal.paint("bold", text)}  ${terminal.took(duration)}`);
  }
  for (const line of wrong) terminal.line(`${terminal.mark(false)} ${line}`);
  for (const request of forbidden) terminal.line(`${terminal.mark(false)} the role didn't allow: ${request}`);
}

function be(number: number): string {
  return number === 1 ? "is" : "are";
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
