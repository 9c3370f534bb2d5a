import type { Reporter, Write } from "./reporter.ts";

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
      const { brokerUrl: broker, falcosidekick, alertKey } = chain;
      line("serving", { broker, falcosidekick: falcosidekick.url, alertKey });
    },
    happened: line,
    verdict: (verdict) => {
      line("verdict", verdict);
    },
  };
}

/** Milliseconds to hundredths. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Math.round(value * 100) / 100 : value;
}
