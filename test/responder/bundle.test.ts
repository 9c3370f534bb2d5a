import assert from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { withBundle } from "../support/with-bundle.ts";
import { ALERT_HEADERS, POD_UID, shellAlert } from "./fixtures.ts";

describe("the responder's bundle", function () {
  this.timeout(120_000);
  const running = withBundle();

  it("deletes by UID with one request to the API", async () => {
    const uid = running.createPod("default", "alpine");
    const before = running.kubernetes.requests.length;
    const answer = await post(shellAlert({ "k8s.pod.uid": uid }));
    assert.equal(answer.status, 200);
    // what is exempt is followed in the background
    const asked = running.kubernetes.requests.slice(before).filter(({ verb }) => verb !== "list" && verb !== "watch");
    assert.deepEqual(
      asked.map(({ verb, status }) => [verb, status]),
      [["delete", 200]],
    );
  });

  it("leaves a pod that has been re-created under the same name alone", async () => {
    running.createPod("default", "alpine");
    const answer = await post(shellAlert({ "k8s.pod.uid": POD_UID }));
    assert.equal(answer.headers.get("ce-outcome"), "replaced");
    assert.equal(running.exists("default", "alpine"), true);
  });

  for (const fault of [429, 500, 503, "reset"] as const) {
    it(`asks for a redelivery where the API answers ${fault}, and acts on it`, async () => {
      const uid = running.createPod("default", "alpine");
      // a connection that was kept and is cut is tried once more at once
      const times = fault === "reset" ? 2 : 1;
      running.kubernetes.fail({ answer: fault, times, verb: "delete" });
      const alert = shellAlert({ "k8s.pod.uid": uid });
      assert.equal((await post(alert)).status, 503);
      assert.equal((await post(alert)).status, 200);
      assert.equal(running.exists("default", "alpine"), false);
    });
  }

  it("refuses a body above 1 MiB with 413, announced or not", async () => {
    const large = "x".repeat(1024 * 1024 + 1);
    assert.equal((await fetch(running.service.url, { method: "POST", body: large })).status, 413);
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(large));
        controller.close();
      },
    });
    const streamed = await fetch(running.service.url, { method: "POST", body: stream, duplex: "half" });
    assert.equal(streamed.status, 413);
  });

  it("refuses what is no CloudEvent with 400, other data with 415, and says why", async () => {
    const none = await fetch(running.service.url, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json", "ce-alertkey": ALERT_HEADERS["ce-alertkey"] },
    });
    assert.equal(none.status, 400);
    assert.equal(none.headers.get("content-type"), "application/problem+json");
    assert.match(((await none.json()) as { detail: string }).detail, /not a CloudEvent/);
    assert.equal((await post("<a/>", { "content-type": "text/xml" })).status, 415);
    assert.equal((await fetch(running.service.url, { method: "PUT" })).status, 405);
  });

  it("acts on no alert without the key, with a wrong one or with two, and takes the header in any letter case", async () => {
    const alert = shellAlert({ "k8s.pod.uid": running.createPod("default", "alpine") });
    const key = ALERT_HEADERS["ce-alertkey"];
    assert.equal((await post(alert, { "ce-alertkey": "" })).status, 403);
    assert.equal((await post(alert, { "ce-alertkey": `${key}x` })).status, 403);
    const twice = new Headers(ALERT_HEADERS);
    twice.append("ce-alertkey", key);
    const answer = await fetch(running.service.url, { method: "POST", body: JSON.stringify(alert), headers: twice });
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), /refused: the event doesn't carry this responder's key/);
    // beside what it follows, whatever comes
    assert.deepEqual(
      running.kubernetes.requests.filter(({ verb }) => verb !== "list" && verb !== "watch"),
      [],
    );
    assert.equal(running.exists("default", "alpine"), true);
    const cased = Object.entries(ALERT_HEADERS).map(([name, value]): [string, string] => [name.toUpperCase(), value]);
    const taken = await fetch(running.service.url, { method: "POST", body: JSON.stringify(alert), headers: cased });
    assert.equal(taken.status, 200);
    assert.equal(running.exists("default", "alpine"), false);
    assert.ok(!JSON.stringify(running.logged).includes(key));
  });

  it("is alive, ready and measured", async () => {
    assert.equal((await fetch(`${running.service.url}/healthz`)).status, 200);
    assert.equal((await fetch(`${running.service.url}/readyz`)).status, 200);
    await post(shellAlert({ "k8s.pod.uid": running.createPod("default", "alpine") }));
    running.kubernetes.fail({ answer: 500, times: 1 });
    await post(shellAlert({}, { uuid: "another" }));
    // it counts an alert when it has answered it
    const metrics = await eventually("both alerts are counted", async () => {
      const text = await (await fetch(`${running.service.metricsUrl}/metrics`)).text();
      return text.match(/^response_engine_alerts_total\{/gm)?.length === 2 && text;
    });
    assert.match(metrics, /^response_engine_alerts_total\{outcome="terminated"\} 1$/m);
    assert.match(metrics, /^response_engine_alerts_total\{outcome="retry"\} 1$/m);
    assert.match(
      metrics,
      /^response_engine_actions_total\{actionner="kubernetes:terminate",outcome="terminated"\} 1$/m,
    );
    assert.match(metrics, /^response_engine_api_errors_total\{code="500"\} 1$/m);
    assert.match(metrics, /^response_engine_alert_duration_seconds_count\{outcome="terminated"\} 1$/m);
  });

  async function post(payload: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return await fetch(running.service.url, {
      method: "POST",
      body: typeof payload === "string" ? payload : JSON.stringify(payload),
      headers: { ...ALERT_HEADERS, ...headers },
    });
  }
});
