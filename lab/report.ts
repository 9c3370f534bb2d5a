import { styleText } from "node:util";
import type { Chain } from "./chain.ts";
import type { LabObjects } from "./program/objects.ts";
import type { DeliveryReport, StepReport } from "./scenes/play.ts";

/** What the chain turned out to be. */
export interface Started {
  stack: string;
  resources: number;
  /** Milliseconds the program took to be evaluated. */
  evaluated: number;
  chain: Chain;
  objects: LabObjects;
  pods: readonly string[];
}

/** How it all ended. */
export interface Verdict {
  ok: boolean;
  gone: number;
  there: number;
  /** Pods (`namespace/name`) that are there though they had to go, or the other way round. */
  wrong: string[];
  /** Requests the responder's role didn't allow. */
  forbidden: string[];
  /** Milliseconds of the whole run. */
  duration: number;
}

/** Tells the lab's story; one for people, one for machines. */
export interface Reporter {
  progress(text: string): void;
  started(started: Started): void;
  step(number: number, report: StepReport): void;
  serving(chain: Chain, root: string): void;
  /** Something that happens while serving. */
  happened(what: string, fields: Record<string, unknown>): void;
  verdict(verdict: Verdict): void;
}

type Write = (text: string) => void;

/** JSON, one object a line, each with an `event`. */
export function jsonReporter(write: Write): Reporter {
  const line = (event: string, fields: object): void => {
    write(`${JSON.stringify({ event, ...fields }, rounded)}\n`);
  };
  return {
    progress: () => undefined,
    started: ({ stack, resources, evaluated, chain, objects, pods }) => {
      line("started", {
        stack,
        resources,
        evaluated,
        broker: chain.brokerUrl,
        falcosidekick: chain.falcosidekick.url,
        kubernetes: chain.kubernetes.url,
        services: chain.services.map(({ name, pid, url, metricsUrl, startup }) => ({
          name,
          pid,
          url,
          metricsUrl,
          startup,
        })),
        triggers: objects.triggers.map(({ metadata }) => metadata.name),
        pods,
      });
    },
    step: (number, report) => {
      line("alert", { number, ...report });
    },
    serving: (chain) => {
      line("serving", { broker: chain.brokerUrl, falcosidekick: chain.falcosidekick.url });
    },
    happened: (what, fields) => {
      line(what, fields);
    },
    verdict: (verdict) => {
      line("verdict", verdict);
    },
  };
}

type Style = Parameters<typeof styleText>[0];

/** Text for a terminal. */
export function textReporter(write: Write, colours: boolean): Reporter {
  const paint = (style: Style, text: string): string =>
    colours ? styleText(style, text, { validateStream: false }) : text;
  const line = (text = ""): void => {
    write(`${text}\n`);
  };
  const row = (label: string, text: string, time?: number): void => {
    line(`     ${paint("dim", label.padEnd(13))} ${text}${time === undefined ? "" : paint("dim", `  ${ms(time)}`)}`);
  };
  const mark = (ok: boolean): string => (ok ? paint("green", "✓") : paint("red", "✗"));

  function delivery({ trigger, leg, attempts, status, error, duration }: DeliveryReport): void {
    const answer = status === undefined ? (error ?? "no answer") : `answered ${status}`;
    row(
      leg === "dead-letter" ? "dead letter" : "Trigger",
      `${trigger}: ${answer}${attempts === 1 ? "" : ` at attempt ${attempts}`}`,
      duration,
    );
  }

  return {
    progress: (text) => {
      line(paint("dim", text));
    },
    started: ({ stack, resources, evaluated, chain, objects, pods }) => {
      const head = (label: string, text: string): void => {
        line(`  ${paint("bold", label.padEnd(14))} ${text}`);
      };
      line();
      head("program", `stack ${stack}: ${resources} resources  ${paint("dim", ms(evaluated))}`);
      head("bundle", `built  ${paint("dim", ms(chain.buildTime))}`);
      for (const { name, url, startup } of chain.services)
        head("service", `${name} at ${url}, ready  ${paint("dim", ms(startup))}`);
      for (const { metadata, rules } of objects.rbac.filter(({ kind }) => kind.endsWith("Role"))) {
        const allowed = (rules ?? []).map(
          ({ verbs, resources: names }) => `${verbs.join(", ")} ${(names ?? []).join(", ")}`,
        );
        head("role", `${metadata.name} may ${allowed.join("; ") || "nothing"}`);
      }
      head("broker", chain.brokerUrl);
      for (const { metadata } of objects.triggers) head("trigger", metadata.name);
      pods.forEach((pod, index) => {
        head(index === 0 ? "pods" : "", pod);
      });
      line();
    },
    step: (number, report) => {
      line(`${String(number).padStart(3)}  ${paint("bold", report.title)}`);
      row("alert", `${report.priority}: ${report.rule}`);
      for (const one of report.deliveries.filter(({ leg }) => leg !== "reply")) delivery(one);
      if (report.deliveries.length === 0) row("Broker", "no Trigger wants it: the responder sleeps on");
      for (const { verb, path, status } of report.requests)
        row(
          "Kubernetes",
          `${verb} ${path.replace(/^\/apis?\//, "").replace(/\?.*/, "")}: ${status === 0 ? "no answer" : status}`,
        );
      for (const change of report.changes) row("", change);
      for (const { bytes, text } of report.outputs) row("output", `${bytes} bytes, to the Broker: ${firstLine(text)}`);
      if (report.response) row("response", `${report.response.priority}: ${report.response.output}`);
      if (report.status !== 202)
        row(
          "Broker",
          paint("red", report.status === undefined ? "no answer" : `answered ${report.status}`),
          report.duration,
        );
      for (const { pod, after } of report.gone) row("pod", `${pod} is gone`, after);
      const wish = report.expected.length === 0 ? "none had to go" : `${report.expected.join(", ")} had to go`;
      const fact =
        report.gone.length === 0
          ? "none went"
          : report.ok
            ? "and went"
            : `${report.gone.map(({ pod }) => pod).join(", ")} went`;
      row(report.outcome ?? "", `${mark(report.ok)} ${wish}, ${fact}`);
      line();
    },
    serving: (chain, root) => {
      line(paint("bold", "Serving; end with Ctrl-C."));
      line();
      line(`  Broker         ${chain.brokerUrl}   (falcosidekick: CLOUDEVENTS_ADDRESS)`);
      line(`  falcosidekick  ${chain.falcosidekick.url}   (Falco: http_output.url)`);
      line();
      line("  As Falco would, through the stand-in for falcosidekick:");
      line(`    curl -d @${root}lab/alerts/terminal-shell.json ${chain.falcosidekick.url}`);
      line("  As falcosidekick would, straight to the Broker:");
      line(`    curl -i -d @${root}lab/alerts/terminal-shell.json -H 'content-type: application/json' \\`);
      line(
        `      -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-type: falco.rule.output.v1' -H 'ce-source: https://falco.org' \\`,
      );
      line(
        `      -H 'ce-rule: Terminal shell in container' -H 'ce-priority: Notice' -H 'ce-eventsource: syscall' ${chain.brokerUrl}`,
      );
      line();
    },
    happened: (what, fields) => {
      const { duration, ...rest } = fields;
      const text = Object.values(rest)
        .filter((value) => value !== undefined && value !== "")
        .join("  ");
      line(
        `  ${paint("bold", what.padEnd(14))} ${text}${typeof duration === "number" ? paint("dim", `  ${ms(duration)}`) : ""}`,
      );
    },
    verdict: ({ ok, gone, there, wrong, forbidden, duration }) => {
      if (ok)
        line(
          `${mark(true)} ${paint("bold", `${count(gone, "pod")} had to go and ${gone === 1 ? "is" : "are"} gone; ${count(there, "pod")} had to stay and ${there === 1 ? "is" : "are"} there.`)}  ${paint("dim", ms(duration))}`,
        );
      for (const pod of wrong) line(`${mark(false)} ${pod}`);
      for (const request of forbidden) line(`${mark(false)} the role didn't allow: ${request}`);
    },
  };
}

function firstLine(text: string): string {
  const [line = ""] = text.split("\n");
  return line.length > 100 ? `${line.slice(0, 100)}…` : line;
}

/** Milliseconds to hundredths. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Math.round(value * 100) / 100 : value;
}

function ms(milliseconds: number): string {
  return milliseconds >= 10_000
    ? `${(milliseconds / 1000).toFixed(1)} s`
    : `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
