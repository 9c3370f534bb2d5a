import assert from "node:assert/strict";
import { AlertError, parseAlert, podOf } from "../../../responder/alerts/alert.ts";
import { alert, POD_UID, shellAlert } from "../fixtures.ts";

describe("an alert", () => {
  it("names the pod that raised it, with its UID and the container's id", () => {
    const pod = podOf(alert());
    assert.deepEqual(pod, { namespace: "default", name: "alpine", uid: POD_UID, containerId: "3ad7b26ded6d" });
  });

  for (const nothing of [null, "<NA>", ""]) {
    it(`names no pod where its fields are ${JSON.stringify(nothing)}`, () => {
      assert.equal(podOf(alert({ "k8s.ns.name": nothing, "k8s.pod.name": nothing })), undefined);
    });
  }

  it("has no UID where Falco could not tell", () => {
    assert.equal(podOf(alert({ "k8s.pod.uid": "<NA>" }))?.uid, undefined);
  });

  it("of the host has no container", () => {
    assert.equal(podOf(alert({ "container.id": "host" }))?.containerId, undefined);
  });

  it("may lack everything but its rule and priority", () => {
    assert.deepEqual(parseAlert({ rule: "R", priority: "informational" }), {
      rule: "R",
      priority: "Informational",
      output: "",
      source: "",
      tags: [],
      fields: new Map(),
    });
  });

  const broken: [string, unknown, RegExp][] = [
    ["no object", "text", /not a JSON object/],
    ["a list", [shellAlert()], /not a JSON object/],
    ["no rule", shellAlert({}, { rule: undefined }), /rule is missing/],
    ["an empty rule", shellAlert({}, { rule: "" }), /rule is missing/],
    ["a priority that Falco doesn't have", shellAlert({}, { priority: "Urgent" }), /priority: "Urgent"/],
    ["a number for a rule", shellAlert({}, { rule: 7 }), /rule is not a string/],
    ["text for output_fields", shellAlert({}, { output_fields: "x" }), /output_fields is not an object/],
    ["a text for tags", shellAlert({}, { tags: "x" }), /tags is not a list/],
  ];
  for (const [what, payload, message] of broken) {
    it(`with ${what} is refused, and the reason given`, () => {
      assert.throws(
        () => parseAlert(payload),
        (error) => error instanceof AlertError && message.test(error.message),
      );
    });
  }
});
