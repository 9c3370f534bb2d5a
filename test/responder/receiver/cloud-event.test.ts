import assert from "node:assert/strict";
import type { CloudEvent } from "cloudevents";
import { DeliveryError, readDelivery } from "../../../responder/receiver/cloud-event.ts";
import { shellAlert } from "../fixtures.ts";

const ATTRIBUTES = { specversion: "1.0", id: "1", source: "https://falco.org", type: "falco.rule.output.v1" };
const HEADERS = Object.fromEntries(Object.entries(ATTRIBUTES).map(([key, value]) => [`ce-${key}`, value]));
const BATCH = { "content-type": "application/cloudevents-batch+json" };
const JSON_TYPE = { "content-type": "application/json" };

function buffer(value: unknown): Buffer {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
}

/** The events of a delivery in which none is broken. */
function eventsOf(headers: Record<string, string>, body: Buffer): CloudEvent<unknown>[] {
  return readDelivery(headers, body).events.map((event) => {
    if (event instanceof DeliveryError) throw event;
    return event;
  });
}

describe("a delivery", () => {
  it("in binary mode is one event", () => {
    const [event, ...more] = eventsOf({ ...HEADERS, ...JSON_TYPE, "ce-priority": "Notice" }, buffer(shellAlert()));
    assert.deepEqual(more, []);
    assert.equal(event?.type, ATTRIBUTES.type);
    assert.equal(event["priority"], "Notice");
    assert.deepEqual(event.data, shellAlert());
  });

  for (const type of ["application/cloudevents+json", "application/CloudEvents+JSON; charset=UTF-8"]) {
    it(`in structured mode (${type}) is one event`, () => {
      const body = buffer({ ...ATTRIBUTES, datacontenttype: "application/json", data: shellAlert() });
      const [event, ...more] = eventsOf({ "content-type": type }, body);
      assert.deepEqual(more, []);
      assert.equal(event?.id, "1");
      assert.deepEqual(event.data, shellAlert());
    });
  }

  it("in batched mode is as many as it holds", () => {
    const body = buffer([1, 2, 3].map((id) => ({ ...ATTRIBUTES, id: String(id), data: shellAlert() })));
    const events = eventsOf({ "content-type": "application/cloudevents-batch+json" }, body);
    assert.deepEqual(
      events.map(({ id }) => id),
      ["1", "2", "3"],
    );
  });

  it("keeps numbers above 2^53 exact, in every mode", () => {
    const data = '{"output_fields":{"evt.time":1795451516746609046}}';
    const envelope = JSON.stringify({ ...ATTRIBUTES, data: 0 }).replace('"data":0', `"data":${data}`);
    for (const [headers, body] of [
      [{ ...HEADERS, ...JSON_TYPE }, data],
      [{ "content-type": "application/cloudevents+json" }, envelope],
      [{ "content-type": "application/cloudevents-batch+json" }, `[${envelope}]`],
    ] as const) {
      const [event] = eventsOf(headers, buffer(body));
      assert.deepEqual(event?.data, { output_fields: { "evt.time": "1795451516746609046" } });
    }
  });

  const broken: [string, number, Record<string, string>, unknown][] = [
    ["no CloudEvent", 400, JSON_TYPE, shellAlert()],
    ["broken JSON", 400, { ...HEADERS, ...JSON_TYPE }, "{"],
    ["no data", 400, { ...HEADERS, ...JSON_TYPE }, ""],
    ["no id", 400, { ...HEADERS, ...JSON_TYPE, "ce-id": "" }, shellAlert()],
    ["no type", 400, { ...HEADERS, ...JSON_TYPE, "ce-type": "" }, shellAlert()],
    ["no source", 400, { ...HEADERS, ...JSON_TYPE, "ce-source": "" }, shellAlert()],
    ["an older specversion", 400, { ...HEADERS, ...JSON_TYPE, "ce-specversion": "0.3" }, shellAlert()],
    ["data of another type", 415, { ...HEADERS, "content-type": "text/xml" }, "<a/>"],
    ["another event format", 415, { "content-type": "application/cloudevents+avro" }, ""],
    ["a broken envelope", 400, { "content-type": "application/cloudevents+json" }, "{"],
    ["an envelope that is no object", 400, { "content-type": "application/cloudevents+json" }, "7"],
    [
      "an envelope without type",
      400,
      { "content-type": "application/cloudevents+json" },
      { ...ATTRIBUTES, type: undefined },
    ],
    ["a batch that is no list", 400, { "content-type": "application/cloudevents-batch+json" }, ATTRIBUTES],
    [
      "an envelope without id",
      400,
      { "content-type": "application/cloudevents+json" },
      { ...ATTRIBUTES, id: undefined },
    ],
    [
      "an envelope with an empty id",
      400,
      { "content-type": "application/cloudevents+json" },
      { ...ATTRIBUTES, id: "" },
    ],
    [
      "an envelope with a number for an id",
      400,
      { "content-type": "application/cloudevents+json" },
      { ...ATTRIBUTES, id: 7 },
    ],
    [
      "an envelope without specversion",
      400,
      { "content-type": "application/cloudevents+json" },
      { ...ATTRIBUTES, specversion: undefined },
    ],
    [
      "an envelope whose data_base64 is no JSON",
      400,
      { "content-type": "application/cloudevents+json" },
      { ...ATTRIBUTES, data_base64: "AAAA" },
    ],
    ["data nested without end", 413, { ...HEADERS, ...JSON_TYPE }, "[".repeat(500_000) + "]".repeat(500_000)],
    [
      "a prototype for an extension",
      400,
      { "content-type": "application/cloudevents+json" },
      `{"specversion":"1.0","id":"1","source":"a","type":"b","__proto__":{"validate":1}}`,
    ],
    ["more events than a batch may have", 413, BATCH, Array.from({ length: 101 }, () => ATTRIBUTES)],
  ];
  for (const one of [
    { id: "1" },
    null,
    7,
    "text",
    [],
    { ...ATTRIBUTES, type: "" },
    { ...ATTRIBUTES, specversion: "0.3" },
  ]) {
    it(`in batched mode with ${JSON.stringify(one)} among others is broken there alone`, () => {
      const { isBatch, events } = readDelivery(BATCH, buffer([ATTRIBUTES, one, { ...ATTRIBUTES, id: "3" }]));
      assert.ok(isBatch);
      assert.deepEqual(
        events.map((event) => (event instanceof DeliveryError ? event.status : event.id)),
        ["1", 400, "3"],
      );
    });
  }

  it("in structured mode may hold its data as base64", () => {
    const base64 = Buffer.from(JSON.stringify(shellAlert())).toString("base64");
    const [event] = eventsOf(
      { "content-type": "application/cloudevents+json" },
      buffer({ ...ATTRIBUTES, data_base64: base64 }),
    );
    assert.deepEqual(event?.data, shellAlert());
  });

  it("that is refused is told in few and plain words", () => {
    const long = "\u001b[2J\u202e".repeat(100_000);
    for (const body of [long, { ...ATTRIBUTES, specversion: long }, { ...ATTRIBUTES, source: long, type: "" }]) {
      assert.throws(
        () => eventsOf({ "content-type": "application/cloudevents+json" }, buffer(body)),
        (error) =>
          error instanceof DeliveryError && !/[\p{Cc}\p{Cf}]/u.test(error.message) && error.message.length <= 1024,
      );
    }
  });

  for (const [what, status, headers, body] of broken) {
    it(`with ${what} is refused with ${status}`, () => {
      assert.throws(
        () => eventsOf(headers, buffer(body)),
        (error) => error instanceof DeliveryError && error.status === status,
      );
    });
  }
});
