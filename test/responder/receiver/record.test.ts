import assert from "node:assert/strict";
import { ApiError } from "../../../responder/kubernetes/errors.ts";
import { record } from "../../../responder/receiver/record.ts";
import { registry } from "../../../responder/telemetry/metrics.ts";
import { alert } from "../fixtures.ts";
import { quietly } from "../quietly.ts";
import { responsePayload } from "../../../responder/engine/response.ts";
import type { Step } from "../../../responder/actions/outcome.ts";

const STEP: Step = { rule: "R", action: "A", actionner: "kubernetes:log", outcome: "failed", message: "no" };

describe("the record of a delivery", () => {
  const logged = quietly();
  beforeEach(() => {
    registry.resetMetrics();
  });
  const line = () => JSON.parse(logged[0] ?? "") as Record<string, unknown>;
  const count = async (name: string, labels: Record<string, string>) => {
    const text = await registry.metrics();
    const wanted = `${name}{${Object.entries(labels)
      .map(([key, value]) => `${key}="${value}"`)
      .join(",")}} `;
    return text
      .split("\n")
      .find((one) => one.startsWith(wanted))
      ?.slice(wanted.length);
  };

  it("counts the alert, its actions and what the API could not do", async () => {
    const steps = [STEP, { ...STEP, outcome: "done" as const }];
    const response = responsePayload(alert(), steps, "failed");
    const apiErrors = [new ApiError("status", "no", { code: 403 }), new ApiError("time-out", "none")];
    const { named } = alert();
    record(alert(), { outcome: "failed", steps, response, apiErrors, named }, 0.5);
    assert.equal(await count("response_engine_alerts_total", { outcome: "failed" }), "1");
    assert.equal(await count("response_engine_actions_total", { actionner: "kubernetes:log", outcome: "done" }), "1");
    assert.equal(await count("response_engine_api_errors_total", { code: "403" }), "1");
    assert.equal(await count("response_engine_api_errors_total", { code: "none" }), "1");
    assert.equal(await count("response_engine_alert_duration_seconds_sum", { outcome: "failed" }), "0.5");
  });

  it("names the pod that was found for an alert that names none", () => {
    const about = alert({ "k8s.ns.name": null, "k8s.pod.name": null, "k8s.pod.uid": null });
    const { named } = alert();
    const response = responsePayload(about, [STEP], "failed");
    record(about, { outcome: "failed", steps: [STEP], response, apiErrors: [], named }, 0);
    assert.deepEqual([line()["namespace"], line()["pod"], line()["uid"]], ["default", "alpine", named.pod?.uid]);
  });

  for (const [outcome, level] of [
    ["no-match", "info"],
    ["duplicate", "info"],
  ] as const) {
    it(`of ${outcome} is a line of level ${level}`, () => {
      record(alert(), { outcome }, 0.001_234_5);
      const { level: found, message, duration_ms, namespace, pod, rule } = line();
      assert.deepEqual([found, message, duration_ms], [level, "alert", 1.23]);
      assert.deepEqual([namespace, pod, rule], ["default", "alpine", "Terminal shell in container"]);
    });
  }

  it("of what is to come again says why, as a warning", () => {
    record(alert(), { outcome: "retry", message: "the API is down\n", apiErrors: [] }, 0);
    assert.deepEqual([line()["level"], line()["reason"]], ["warning", "the API is down\ufffd"]);
  });

  it("is one bounded line, whatever the alert holds, and no label of the metrics comes from it", async () => {
    const text = "\u001b[2J\u202e\u2028\n".repeat(100_000);
    record(alert({ "k8s.pod.name": text }, { rule: text, uuid: text, output: text }), { outcome: "no-match" }, 0);
    assert.equal(logged.length, 1);
    assert.ok((logged[0] ?? "").length < 8 * 1024);
    assert.doesNotMatch((logged[0] ?? "").trimEnd(), /[\p{Cc}\p{Cf}\p{Zl}]/u);
    assert.ok(!(await registry.metrics()).includes("\u001b"));
  });

  it("names the node or the object where the alert names no pod", () => {
    record(alert({ "container.id": "host", "k8s.pod.name": null }), { outcome: "no-match" }, 0);
    assert.equal(line()["node"], "node-1");
    const audit = { "k8s.pod.name": null, "ka.target.resource": "configmaps", "ka.target.name": "settings" };
    record(alert(audit), { outcome: "no-match" }, 0);
    assert.equal((JSON.parse(logged[1] ?? "") as Record<string, unknown>)["object"], "settings");
  });
});
