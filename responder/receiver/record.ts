import type { Alert } from "../alerts/alert.ts";
import type { RetryLater } from "../engine/engine.ts";
import type { Verdict } from "../engine/respond.ts";
import { LIMITS } from "../limits.ts";
import { log } from "../telemetry/log.ts";
import * as metrics from "../telemetry/metrics.ts";
import { plain } from "../text.ts";

type Recorded =
  Verdict | { outcome: "retry"; apiErrors: RetryLater["apiErrors"]; message: string } | { outcome: "duplicate" };

/** Counts one delivery of an alert, and writes its line of the log. @param seconds until it was answered */
export function record(alert: Alert, recorded: Recorded, seconds: number): void {
  const { outcome } = recorded;
  metrics.alerts.inc({ outcome });
  metrics.durations.observe({ outcome }, seconds);
  if ("steps" in recorded) {
    for (const step of recorded.steps) metrics.actions.inc({ actionner: step.actionner, outcome: step.outcome });
  }
  if ("apiErrors" in recorded) {
    for (const { code } of recorded.apiErrors) metrics.apiErrors.inc({ code: code ?? "none" });
  }
  const { pod, node, object } = "named" in recorded ? recorded.named : alert.named;
  log(outcome === "failed" ? "error" : outcome === "retry" ? "warning" : "info", "alert", {
    outcome,
    duration_ms: Math.round(seconds * 1e5) / 100,
    rule: plain(alert.rule, LIMITS.field),
    priority: alert.priority,
    uuid: alert.uuid === undefined ? undefined : plain(alert.uuid, LIMITS.field),
    namespace: pod?.namespace ?? object?.namespace,
    pod: pod?.name,
    uid: pod?.uid,
    node,
    object: pod ? undefined : object?.name,
    ...("response" in recorded && { response: recorded.response.output }),
    ...("message" in recorded && { reason: plain(recorded.message) }),
  });
}
