import assert from "node:assert/strict";
import { actions, alerts, apiErrors, durations, registry } from "../../../responder/telemetry/metrics.ts";

describe("the metrics", () => {
  beforeEach(() => {
    registry.resetMetrics();
  });

  it("are counted by outcome, by actionner and by HTTP status, as Prometheus reads them", async () => {
    alerts.inc({ outcome: "terminated" });
    actions.inc({ actionner: "kubernetes:terminate", outcome: "terminated" });
    apiErrors.inc({ code: "none" });
    durations.observe({ outcome: "terminated" }, 0.02);
    const text = await registry.metrics();
    for (const line of [
      'response_engine_alerts_total{outcome="terminated"} 1',
      'response_engine_actions_total{actionner="kubernetes:terminate",outcome="terminated"} 1',
      'response_engine_api_errors_total{code="none"} 1',
      'response_engine_alert_duration_seconds_bucket{le="0.025",outcome="terminated"} 1',
      'response_engine_alert_duration_seconds_bucket{le="0.01",outcome="terminated"} 0',
    ]) {
      assert.ok(text.includes(`${line}\n`), line);
    }
  });

  it("take no label that nobody has declared", () => {
    assert.throws(() => {
      alerts.inc({ rule: "an alert's text" } as never);
    }, /label/);
  });

  it("tell of the process too", async () => {
    assert.match(await registry.metrics(), /^process_resident_memory_bytes \d+/m);
  });
});
