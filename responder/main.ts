import { deadLetter } from "./receiver/dead-letters.ts";
import { Progress } from "./engine/progress.ts";
import { EnvironmentError, helpOf, readEnvironment } from "./environment.ts";
import { DEAD_LETTER, LISTENING, RESPONDER } from "./settings.ts";
import { rulesFrom } from "./rules/folder.ts";
import { connect } from "./kubernetes/client.ts";
import { log } from "./telemetry/log.ts";
import { alertReceiver } from "./receiver/alerts.ts";
import { guarded } from "./receiver/authentication.ts";
import { KeyFile } from "./receiver/key-file.ts";
import { Refusals } from "./receiver/refusals.ts";
import { replyTo } from "./receiver/reply.ts";
import { responseRelay } from "./receiver/responses.ts";
import { loadRules, RulesError } from "./rules/load.ts";
import { serve } from "./receiver/server.ts";
import type { Deliver } from "./receiver/answer.ts";
import { brokerSink } from "./outputs/broker.ts";

const HELP = `usage: responder [dead-letter]

Answers Falco's alerts, delivered as CloudEvents, with the actions of response rules.
With "dead-letter": passes on to falcosidekick what was answered and, as an alert, what could not be delivered.

environment:
${helpOf({ ...RESPONDER, ...DEAD_LETTER })}`;

/** Milliseconds that one request to the Kubernetes API may take; a Broker waits longer for its answer. */
const API_TIMEOUT = 10_000;

function service(mode: string | undefined): Deliver {
  if (mode === "dead-letter") return lastStop(readEnvironment(DEAD_LETTER).falcosidekick);
  if (mode !== undefined) throw new EnvironmentError(`"${mode}" is no mode; it takes dead-letter or nothing`);
  const { rulesFolder, alertKeysFolder, dryRun, broker, kubeconfig, ...settings } = readEnvironment(RESPONDER);
  const keys = new KeyFile(alertKeysFolder);
  const { files, readFile } = rulesFrom(rulesFolder);
  const onWarning = (warning: string) => {
    log("warning", "rules", { warning });
  };
  // as the stack reads them: what it leaves out has no permission here
  const { skipBrokenRules: skipBroken, timeoutSeconds } = settings;
  const rules = loadRules(files, { dryRun, skipBroken, timeoutSeconds, readFile, onWarning });
  log("info", "rules", { rules: rules.map(({ name }) => name) });
  const sink = broker === undefined ? undefined : brokerSink(broker);
  const refusals = new Refusals(sink && ((id, payload) => sink(replyTo(id, "refused", payload))));
  const answer = alertReceiver({
    rules,
    protectedNamespaces: new Set(settings.protectedNamespaces),
    ownServices: settings.ownServices,
    progress: new Progress(),
    cluster: connect(API_TIMEOUT, kubeconfig),
    events: settings.events,
    findByContainer: settings.findByContainer,
    deduplicationSeconds: settings.deduplicationSeconds,
    sink,
  });
  return guarded(() => keys.digests(), refusals, answer);
}

/** Where what goes to falcosidekick comes by: responses, and what could not be delivered. */
function lastStop(falcosidekick: string): Deliver {
  return responseRelay(falcosidekick, deadLetter(falcosidekick));
}

const [mode] = process.argv.slice(2);
if (mode === "--help" || mode === "-h") {
  process.stdout.write(HELP);
} else {
  try {
    await serve(service(mode), readEnvironment(LISTENING), mode === "dead-letter" ? "cut" : "refuse");
  } catch (error) {
    const expected = error instanceof EnvironmentError || error instanceof RulesError;
    log("error", "can't start", { reason: expected ? error.message : (error as Error).stack });
    process.exitCode = expected ? 2 : 1;
  }
}
