import assert from "node:assert/strict";
import { BODY, HEADERS, trigger, useFixture } from "./fixture.ts";

describe("the embedded broker's ingress", () => {
  const fixture = useFixture();

  it("answers 202 and delivers the event in binary mode with Knative's headers and the body's own bytes", async () => {
    const one = await fixture.subscriber(200);
    await fixture.start([trigger("one")], { one });
    assert.equal(
      await fixture.post(BODY, {
        ...HEADERS,
        "ce-rule": Buffer.from("Shell in ünïcode").toString("latin1"),
        "x-request-id": "r",
        "x-other": "o",
      }),
      202,
    );
    const [received] = one.received;
    assert.ok(received);
    assert.equal(received.body.toString(), BODY);
    const { headers } = received;
    assert.equal(Buffer.from(String(headers["ce-rule"]), "latin1").toString(), "Shell in ünïcode");
    assert.deepEqual(
      [headers["prefer"], headers["kn-namespace"], headers["x-request-id"], headers["x-other"]],
      ["reply", "default", "r", undefined],
    );
    assert.deepEqual(
      [headers["ce-id"], headers["ce-type"], headers["content-type"]],
      ["1", "alert", "application/json"],
    );
    assert.match(String(headers["ce-knativearrivaltime"]), /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.equal(headers["ce-knativebrokerttl"], undefined);
  });

  it("takes structured mode, and delivers it in binary mode without rounding a number", async () => {
    const one = await fixture.subscriber(200);
    await fixture.start([trigger("one")], { one });
    const event =
      '{"specversion":"1.0","id":"1","type":"alert","source":"/falco","rule":"Ünï","data":{"evt.time":1795451516746609046}}';
    assert.equal(await fixture.post(event, { "content-type": "application/cloudevents+json; charset=utf-8" }), 202);
    assert.equal(one.received[0]?.body.toString(), '{"evt.time":1795451516746609046}');
    assert.equal(Buffer.from(String(one.received[0].headers["ce-rule"]), "latin1").toString(), "Ünï");
    assert.equal(one.received[0].headers["content-type"], "application/json");
  });

  const refused: [
    text: string,
    status: number,
    body: string,
    headers: Record<string, string>,
    path?: string,
    method?: string,
  ][] = [
    ["no CloudEvent", 400, BODY, { "content-type": "application/json" }],
    ["an event without a source", 400, BODY, { "ce-specversion": "1.0", "ce-id": "1", "ce-type": "alert" }],
    ["another version of CloudEvents", 400, BODY, { ...HEADERS, "ce-specversion": "0.3" }],
    ["broken JSON in structured mode", 400, "{", { "content-type": "application/cloudevents+json" }],
    ["a broker that isn't there", 404, BODY, HEADERS, "/default/other"],
    ["no broker", 404, BODY, HEADERS, "/"],
    ["another method", 405, "", {}, "/default/default", "GET"],
    ["an event that has been answered too often", 400, BODY, { ...HEADERS, "ce-knativebrokerttl": "1" }],
  ];
  for (const [text, status, body, headers, path, method] of refused) {
    it(`answers ${status} to ${text}`, async () => {
      const one = await fixture.subscriber(200);
      await fixture.start([trigger("one")], { one });
      assert.equal(await fixture.post(body, headers, path, method), status);
      assert.equal(one.received.length, 0);
      assert.equal(fixture.notes[0]?.kind, "refused");
    });
  }

  it("delivers only what a Trigger's filters want", async () => {
    const [one, two] = [await fixture.subscriber(200), await fixture.subscriber(200)];
    await fixture.start(
      [trigger("one", [{ exact: { type: "alert" } }]), trigger("two", [{ exact: { type: "response" } }])],
      {
        one,
        two,
      },
    );
    assert.equal(await fixture.post(), 202);
    assert.deepEqual([one.received.length, two.received.length], [1, 0]);
    assert.ok(fixture.notes.some((note) => note.kind === "filtered" && note.trigger === "two"));
  });
});
