import assert from "node:assert/strict";
import { undeliveredPayload } from "../../../responder/receiver/dead-letters.ts";
import { shellAlert } from "../fixtures.ts";

const headers = {
  "ce-type": "falco.rule.output.v1",
  "ce-knativeerrorcode": "503",
  "ce-knativeerrordest": "http://responder.default.svc.cluster.local",
  "ce-knativeerrordata": Buffer.from('{"detail":"the API is down"}').toString("base64"),
};

describe("a dead letter", () => {
  it("of an alert is an alert of its own that says what was lost and why, at least an error", () => {
    const payload = undeliveredPayload(headers, JSON.stringify(shellAlert()));
    assert.equal(payload.rule, "Response: not delivered");
    assert.equal(payload.priority, "Error");
    assert.match(payload.output, /The alert "Terminal shell in container" could not be delivered.*responder.* was 503/);
    assert.equal(payload.output_fields["alert.uuid"], shellAlert().uuid);
    assert.equal(payload.output_fields["k8s.pod.name"], "alpine");
    assert.equal(payload.output_fields["response.error.detail"], '{"detail":"the API is down"}');
  });

  it("of something urgent is more urgent still", () => {
    assert.equal(
      undeliveredPayload(headers, JSON.stringify(shellAlert({}, { priority: "Critical" }))).priority,
      "Alert",
    );
  });

  it("has the source that no Trigger of ours takes up, so that it never comes round again", () => {
    assert.equal(undeliveredPayload(headers, JSON.stringify(shellAlert())).source, "response");
  });

  it("of anything else tells its type", () => {
    const payload = undeliveredPayload({ "ce-type": "other" }, "{");
    assert.match(payload.output, /A CloudEvent of type "other" could not be delivered/);
    assert.deepEqual(payload.output_fields, { "response.outcome": "undelivered" });
  });
});
