import assert from "node:assert/strict";
import { AlertError, parseAlert } from "../../../responder/alerts/alert.ts";
import { alert, POD_UID, shellAlert } from "../fixtures.ts";

describe("an alert", () => {
  it("names the pod that raised it, with its UID and the container's id", () => {
    const { raisedAt, ...pod } = alert().named.pod ?? assert.fail("no pod");
    assert.deepEqual(pod, { namespace: "default", name: "alpine", uid: POD_UID, containerId: "3ad7b26ded6d" });
    assert.equal(raisedAt, Date.parse("2026-11-23T16:31:56.746Z"));
  });

  for (const nothing of [null, "<NA>", ""]) {
    it(`names no pod where its fields are ${JSON.stringify(nothing)}`, () => {
      assert.equal(alert({ "k8s.ns.name": nothing, "k8s.pod.name": nothing }).named.pod, undefined);
    });
  }

  it("has no UID where Falco could not tell", () => {
    assert.equal(alert({ "k8s.pod.uid": "<NA>" }).named.pod?.uid, undefined);
  });

  it("of the host has no container", () => {
    assert.equal(alert({ "container.id": "host" }).named.pod?.containerId, undefined);
  });

  it("may lack everything but its rule and priority", () => {
    assert.deepEqual(parseAlert({ rule: "R", priority: "informational" }), {
      rule: "R",
      priority: "Informational",
      output: "",
      source: "",
      tags: [],
      fields: new Map(),
      named: {},
    });
  });

  it("has no uuid where that is empty: many would share it", () => {
    for (const uuid of ["", null, undefined]) assert.equal(alert({}, { uuid }).uuid, undefined);
  });

  it("has fields of every kind as text, and no others than its own", () => {
    const odd = JSON.parse(
      '{"__proto__": "a", "n": 7, "b": true, "list": [1, {"a": null}], "constructor": "c"}',
    ) as object;
    const { fields } = parseAlert({ rule: "R", priority: "Debug", output_fields: odd });
    assert.deepEqual(
      [...fields],
      [
        ["__proto__", "a"],
        ["n", "7"],
        ["b", "true"],
        ["list", '[1,{"a":null}]'],
        ["constructor", "c"],
      ],
    );
  });

  const deep = (depth: number): unknown => JSON.parse("[".repeat(depth) + "]".repeat(depth)) as unknown;
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, "x"]));

  it("may have as many fields and tags as there is room for", () => {
    assert.equal(parseAlert(shellAlert({}, { output_fields: many(512) })).fields.size, 512);
    assert.equal(parseAlert(shellAlert({}, { tags: Array.from({ length: 64 }, () => "a") })).tags.length, 64);
  });

  const broken: [string, unknown, RegExp][] = [
    ["no object", "text", /not a JSON object/],
    ["a list", [shellAlert()], /not a JSON object/],
    ["no rule", shellAlert({}, { rule: undefined }), /rule is missing/],
    ["an empty rule", shellAlert({}, { rule: "" }), /rule is missing/],
    ["a priority that Falco doesn't have", shellAlert({}, { priority: "Urgent" }), /priority: "Urgent"/],
    ["a number for a rule", shellAlert({}, { rule: 7 }), /rule is not a string/],
    ["text for output_fields", shellAlert({}, { output_fields: "x" }), /output_fields is not an object/],
    ["too many fields", shellAlert({}, { output_fields: many(513) }), /output_fields has 513 fields, more than 512/],
    ["too many tags", shellAlert({}, { tags: Array.from({ length: 65 }, () => "a") }), /tags has 65 entries/],
    ["tags that are no text", shellAlert({}, { tags: [7] }), /tags is not a list of strings/],
    ["fields nested without end", shellAlert({ a: deep(100_000) }), /output_fields is nested too deep/],
    ["a uuid that is no text", shellAlert({}, { uuid: {} }), /uuid is not a string/],
    [
      "a long and hostile priority",
      shellAlert({}, { priority: "\u001b[2J".repeat(100_000) }),
      /^priority: "[^\p{Cc}]{1,90}" is none/u,
    ],
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
