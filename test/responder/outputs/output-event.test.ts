import assert from "node:assert/strict";
import type { Output } from "../../../responder/actions/outcome.ts";
import { outputEvent, type OutputData } from "../../../responder/outputs/output-event.ts";
import type { Step } from "../../../responder/actions/outcome.ts";
import { alert, POD_UID } from "../fixtures.ts";

const TEXT: Output = { mediaType: "text/plain", text: "a\nb\n", truncated: false };
const step = (output?: Output, more: Partial<Step> = {}): Step => ({
  rule: "Keep the log",
  action: "Log",
  actionner: "kubernetes:log",
  outcome: "done",
  message: "kept it",
  ...(output && { output }),
  ...more,
});

/** The event as it is sent: without what is undefined. */
function eventOf(output: Output, about = alert(), target?: Parameters<typeof outputEvent>[3]) {
  const event = outputEvent(about, "alert-1", step(output), target);
  return JSON.parse(JSON.stringify(event)) as Record<string, string> & { id: string; data: OutputData };
}

describe("an output's CloudEvent", () => {
  it("says which action of which rule gave it, for which alert and about which pod", () => {
    const { time, id, ...event } = eventOf(TEXT);
    assert.ok(Date.parse(time ?? "") > 0);
    assert.match(id, /^output-alert-1-/);
    assert.deepEqual(event, {
      specversion: "1.0",
      type: "falco.response.output.v1",
      source: "/response-engine/responder",
      subject: "default/alpine",
      datacontenttype: "application/json",
      eventsource: "response",
      actionner: "kubernetes:log",
      data: {
        alert: {
          uuid: "ea247b3c-e7c0-4028-a3fe-16de808a4d09",
          rule: "Terminal shell in container",
          priority: "Notice",
          time: "2026-11-23T16:31:56.746609046Z",
        },
        rule: "Keep the log",
        action: "Log",
        actionner: "kubernetes:log",
        pod: { namespace: "default", name: "alpine", uid: POD_UID },
        output: "a\nb\n",
        truncated: false,
      },
    });
  });

  it("has an id of its own for every action of every rule, and the same for a redelivery", () => {
    const idOf = (key: string, more: Partial<Step> = {}) => outputEvent(alert(), key, step(TEXT, more), undefined)?.id;
    assert.equal(idOf("alert-1"), idOf("alert-1"));
    const ids = [
      idOf("alert-1"),
      idOf("alert-2"),
      idOf("alert-1", { rule: "Another" }),
      idOf("alert-1", { action: "Another" }),
    ];
    assert.equal(new Set(ids).size, ids.length);
  });

  it("has an id that a header can carry, whatever the rule is called", () => {
    assert.match(
      outputEvent(alert(), "alert-1", step(TEXT, { rule: "Größe\nüber “alles”" }), undefined)?.id ?? "",
      /^[\w-]+$/,
    );
  });

  it("holds JSON as the object it is", () => {
    const { data } = eventOf({ mediaType: "application/json", text: '{"pod":{"kind":"Pod"}}', truncated: true });
    assert.deepEqual(data.output, { pod: { kind: "Pod" } });
    assert.equal(data.truncated, true);
  });

  it("carries where the rules file wants it to go", () => {
    const target = { target: "aws:s3", parameters: { bucket: "evidence", prefix: "/logs/" } };
    const event = eventOf(TEXT, alert(), target);
    assert.equal(event["target"], "aws:s3");
    assert.deepEqual(event.data.target, target);
  });

  it("leaves out what the alert doesn't have", () => {
    const event = eventOf(TEXT, alert({ "k8s.pod.uid": null }, { uuid: undefined, time: undefined }));
    assert.deepEqual(event.data.alert, { rule: "Terminal shell in container", priority: "Notice" });
    assert.deepEqual(event.data.pod, { namespace: "default", name: "alpine" });
    const host = eventOf(TEXT, alert({ "k8s.pod.name": null }));
    assert.ok(!("pod" in host.data) && !("subject" in host));
  });

  for (const [what, text] of [
    ["control characters, which become six bytes each", "\u0001".repeat(512 * 1024)],
    ["quotes", '"'.repeat(1024 * 1024)],
    ["what is long outside ASCII", "ö€😀".repeat(200_000)],
    ["lone halves of characters", "\ud800".repeat(512 * 1024)],
    ["a mixture", 'a\u0001"😀\n'.repeat(150_000)],
  ] as const) {
    it(`is bounded as it is sent, though it holds ${what}: its end is kept`, () => {
      const event = outputEvent(
        alert(),
        "alert-1",
        step({ mediaType: "text/plain", text, truncated: false }),
        undefined,
      );
      const sent = Buffer.byteLength(JSON.stringify(event));
      assert.ok(sent < 1024 * 1024, `${sent} bytes`);
      assert.ok(sent > 400 * 1024, `${sent} bytes`);
      assert.equal(event?.data?.truncated, true);
    });
  }

  it("holds JSON that is too large as the text it is", () => {
    const text = JSON.stringify({ log: "\u0001".repeat(512 * 1024) });
    const { data } = eventOf({ mediaType: "application/json", text, truncated: false });
    assert.equal(typeof data.output, "string");
    assert.equal(data.truncated, true);
  });

  it("is none where the action gave no output", () => {
    assert.equal(outputEvent(alert(), "alert-1", step(), undefined), undefined);
  });
});
