import { podOf, type Alert } from "../alerts/alert.ts";
import type { Verdict } from "../engine/respond.ts";
import { NotNow } from "../engine/run-rule.ts";
import { log } from "../telemetry/log.ts";
import * as metrics from "../telemetry/metrics.ts";

type Told = Verdict | { outcome: "retry"; apiErrors: NotNow["apiErrors"]; message: string };

export function record(alert: Alert, told: Told, seconds: number, first: boolean): void {
  const outcome = first ? told.outcome : "duplicate";
  metrics.alerts.inc({ outcome });
  metrics.durations.observe({ outcome }, seconds);
  const steps = first && "steps" in told ? told.steps : [];
  for (const step of steps) metrics.actions.inc({ actionner: step.actionner, outcome: step.outcome });
  const apiErrors = first && "apiErrors" in told ? told.apiErrors : [];
  for (const { code } of apiErrors) metrics.apiErrors.inc({ code: code ?? "none" });
  const pod = podOf(alert);
  log(outcome === "failed" ? "error" : outcome === "retry" ? "warning" : "info", "alert", {
    outcome,
    duration_ms: Math.round(seconds * 1e5) / 100,
    rule: alert.rule,
    priority: alert.priority,
    uuid: alert.uuid,
    namespace: pod?.namespace,
    pod: pod?.name,
    uid: pod?.uid,
    ...("steps" in told && { response: told.response.output }),
    ...("message" in told && { reason: told.message }),
  });
}
