import { collectDefaultMetrics, Counter, Histogram, Registry } from "prom-client";

/** What the responder counts, as Prometheus reads it at `/metrics`. */
export const registry = new Registry();
collectDefaultMetrics({ register: registry });

export const alerts = new Counter({
  name: "response_engine_alerts_total",
  help: "Deliveries of alerts by what became of them",
  labelNames: ["outcome"],
  registers: [registry],
});

export const refused = new Counter({
  name: "response_engine_refused_total",
  help: "Alerts that nothing is done about, by what is wrong with their key (missing, wrong, several)",
  labelNames: ["reason"],
  registers: [registry],
});

export const actions = new Counter({
  name: "response_engine_actions_total",
  help: "Actions by actionner and outcome",
  labelNames: ["actionner", "outcome"],
  registers: [registry],
});

export const durations = new Histogram({
  name: "response_engine_alert_duration_seconds",
  help: "Time from a delivery to its answer",
  labelNames: ["outcome"],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers: [registry],
});

export const apiErrors = new Counter({
  name: "response_engine_api_errors_total",
  help: "Answers of the Kubernetes API that kept an action from being done, by HTTP status (none: no answer)",
  labelNames: ["code"],
  registers: [registry],
});
