import assert from "node:assert/strict";
import { DeliveryError, readDelivery } from "../../../responder/receiver/cloud-event.ts";
import { shellAlert } from "../fixtures.ts";

const ATTRIBUTES = { specversion: "1.0", id: "1", source: "https://falco.org", type: "falco.rule.output.v1" };
const HEADERS = Object.fromEntries(Object.entries(ATTRIBUTES).map(([key, value]) => [`ce-${key}`, value]));
const JSON_TYPE = { "content-type": "application/json" };

function buffer(value: unknown): Buffer {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
}

describe("a delivery", () => {
  it("in binary mode is one event", () => {
    const [event, ...more] = readDelivery({ ...HEADERS, ...JSON_TYPE, "ce-priority": "Notice" }, buffer(shellAlert()));
    assert.deepEqual(more, []);
    assert.equal(event?.type, ATTRIBUTES.type);
    assert.equal(event["priority"], "Notice");
    assert.deepEqual(event.data, shellAlert());
  });

  for (const type of ["application/cloudevents+json", "application/CloudEvents+JSON; charset=UTF-8"]) {
    it(`in structured mode (${type}) is one event`, () => {
      const body = buffer({ ...ATTRIBUTES, datacontenttype: "application/json", data: shellAlert() });
      const [event, ...more] = readDelivery({ "content-type": type }, body);
      assert.deepEqual(more, []);
      assert.equal(event?.id, "1");
      assert.deepEqual(event.data, shellAlert());
    });
  }

  it("in batched mode is as many as it holds", () => {
    const body = buffer([1, 2, 3].map((id) => ({ ...ATTRIBUTES, id: String(id), data: shellAlert() })));
    const events = readDelivery({ "content-type": "application/cloudevents-batch+json" }, body);
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
      const [event] = readDelivery(headers, buffer(body));
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
    ["a batch with a broken event", 400, { "content-type": "application/cloudevents-batch+json" }, [{ id: "1" }]],
    ["a batch of null", 400, { "content-type": "application/cloudevents-batch+json" }, [null]],
  ];
  for (const [what, status, headers, body] of broken) {
    it(`with ${what} is refused with ${status}`, () => {
      assert.throws(
        () => readDelivery(headers, buffer(body)),
        (error) => error instanceof DeliveryError && error.status === status,
      );
    });
  }
});
