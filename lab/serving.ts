import type { Chain, ChainListener } from "./chain.ts";
import type { BrokerNote } from "./broker/notes.ts";
import type { SidekickNote } from "./falcosidekick.ts";
import type { Reporter } from "./report/reporter.ts";
import { pathOf } from "./scenes/pods.ts";
import type { LogLine } from "./service.ts";

/** Tells where alerts can be posted to, and what happens from now on. @param root of the checkout */
export function tellFromNowOn(chain: Chain, listener: ChainListener, reporter: Reporter, root: string): void {
  listener.log = (service, line) => {
    tellLog(reporter, service, line);
  };
  listener.falcosidekick = (note) => {
    tellFalcosidekick(reporter, note);
  };
  listener.broker = (note) => {
    tellBroker(reporter, note);
  };
  chain.kubernetes.store.watch((type, object) => {
    if (type === "DELETED" && object.kind === "Pod")
      reporter.happened("kubernetes", { gone: `pod ${pathOf(object)} is gone`, uid: object.metadata.uid });
  });
  reporter.serving(chain, root);
}

function tellLog(reporter: Reporter, service: string, line: LogLine): void {
  if (line["message"] === "ready") return;
  const { level, outcome, rule, response, reason, message } = line;
  reporter.happened(service, {
    level,
    outcome: outcome ?? message,
    rule,
    response: response ?? reason,
    duration: line["duration_ms"],
  });
}

function tellFalcosidekick(reporter: Reporter, note: SidekickNote): void {
  if (note.kind === "accepted") {
    const { priority, rule, output } = note.payload;
    reporter.happened("falcosidekick", { took: `${priority}: ${rule}`, output });
  }
  if (note.kind === "rejected") reporter.happened("falcosidekick", { refused: `refused an alert: ${note.reason}` });
}

function tellBroker(reporter: Reporter, note: BrokerNote): void {
  const tell = (what: string, text: string): void => {
    reporter.happened("broker", { [what]: text });
  };
  if (note.kind === "refused") tell("refused", `answered ${note.status}: ${note.reason}`);
  if (note.kind === "attempt" && note.next !== undefined) {
    const { error, status } = note.answer;
    tell("again", `Trigger ${note.trigger}: ${error ?? status ?? ""}, again in ${Math.round(note.next)} ms`);
  }
  if (note.kind === "lost") tell("lost", `Trigger ${note.trigger}: lost, ${note.reason}`);
  if (note.kind === "dead-lettered") tell("dead", `Trigger ${note.trigger}: to the dead letter sink`);
}
