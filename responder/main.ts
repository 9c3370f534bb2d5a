import { deadLetter } from "./receiver/dead-letters.ts";
import { EnvironmentError, flagFrom, listFrom, portFrom, secondsFrom, urlFrom } from "./settings.ts";
import { rulesFrom } from "./rules/folder.ts";
import { connect } from "./kubernetes/client.ts";
import { log } from "./telemetry/log.ts";
import { responder } from "./receiver/alerts.ts";
import { loadRules, RulesError } from "./rules/load.ts";
import { serve } from "./receiver/server.ts";
import type { Deliver } from "./receiver/answer.ts";
import { sink } from "./outputs/broker.ts";

const HELP = `usage: responder [dead-letter]

Answers Falco's alerts, delivered as CloudEvents, with the actions of response rules.
With "dead-letter": passes on what could not be delivered to falcosidekick, as an alert.

environment:
  PORT                  deliveries, /healthz, /readyz (8080)
  METRICS_PORT          /metrics for Prometheus (9090)
  RULES_DIR             folder of rules files (*.yaml), merged in the order of their names
  PROTECTED_NAMESPACES  namespaces whose pods no rule touches, with commas between them
  DRY_RUN               true: say what would be done, and do nothing
  EVENTS                true: tell what was done as Kubernetes Events of the object it was done to
  DEDUPLICATION_SECONDS within which the same rule acts once on the same pod; 0: no such window (0)
  K_SINK                the Broker's address, for the actions' outputs; not set: they are in the responses alone
  KUBECONFIG            how to reach the Kubernetes API; not set: as the pod's ServiceAccount
  FALCOSIDEKICK_URL     dead-letter only: where alerts go
`;

/** Milliseconds that one request to the Kubernetes API may take; a Broker waits longer for its answer. */
const API_TIMEOUT = 10_000;

function service(mode: string | undefined): Deliver {
  if (mode === "dead-letter") return deadLetter(urlFrom("FALCOSIDEKICK_URL"));
  if (mode !== undefined) throw new EnvironmentError(`"${mode}" is no mode; it takes dead-letter or nothing`);
  const { files, readFile } = rulesFrom("RULES_DIR");
  const onWarning = (warning: string) => {
    log("warning", "rules", { warning });
  };
  const rules = loadRules(files, { dryRun: flagFrom("DRY_RUN"), readFile, onWarning });
  const broker = urlFrom("K_SINK", "");
  log("info", "rules", { rules: rules.map(({ name }) => name) });
  return responder({
    rules,
    protectedNamespaces: new Set(listFrom("PROTECTED_NAMESPACES")),
    cluster: connect(API_TIMEOUT),
    events: flagFrom("EVENTS"),
    deduplicationSeconds: secondsFrom("DEDUPLICATION_SECONDS", 0),
    sink: broker === "" ? undefined : sink(broker),
  });
}

const [mode] = process.argv.slice(2);
if (mode === "--help" || mode === "-h") {
  process.stdout.write(HELP);
} else {
  try {
    await serve(service(mode), { port: portFrom("PORT", 8080), metricsPort: portFrom("METRICS_PORT", 9090) });
  } catch (error) {
    const expected = error instanceof EnvironmentError || error instanceof RulesError;
    log("error", "can't start", { reason: expected ? error.message : (error as Error).stack });
    process.exitCode = expected ? 2 : 1;
  }
}
