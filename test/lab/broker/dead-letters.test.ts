import assert from "node:assert/strict";
import { BODY, QUICK, trigger, useFixture } from "./fixture.ts";

describe("the embedded broker, with a dead letter sink", () => {
  const fixture = useFixture();

  it("sends there what failed, and says where, how and why", async () => {
    const [one, dead] = [await fixture.subscriber({ status: 422, body: "no pod" }), await fixture.subscriber(200)];
    await fixture.start([trigger("one", [], { delivery: { ...QUICK, deadLetterSink: { ref: { name: "dead" } } } })], {
      one,
      dead,
    });
    assert.equal(await fixture.post(), 202);
    const [received] = dead.received;
    assert.ok(received);
    assert.equal(received.body.toString(), BODY);
    assert.equal(received.headers["ce-type"], "alert");
    assert.equal(received.headers["ce-knativeerrordest"], `${one.url}/`);
    assert.equal(received.headers["ce-knativeerrorcode"], "422");
    assert.equal(Buffer.from(String(received.headers["ce-knativeerrordata"]), "base64").toString(), "no pod");
  });

  it("reports 500 where there was no answer at all", async () => {
    const [one, dead] = [await fixture.subscriber("reset"), await fixture.subscriber(200)];
    await fixture.start([trigger("one", [], { delivery: { retry: 0, deadLetterSink: { ref: { name: "dead" } } } })], {
      one,
      dead,
    });
    assert.equal(await fixture.post(), 202);
    assert.equal(dead.received[0]?.headers["ce-knativeerrorcode"], "500");
    assert.match(
      Buffer.from(String(dead.received[0].headers["ce-knativeerrordata"]), "base64").toString(),
      /^dispatch error: /,
    );
  });

  it("tries the sink again too, and answers 500 when that fails for good", async () => {
    const [one, dead] = [await fixture.subscriber(400), await fixture.subscriber(503, 503, 200)];
    await fixture.start([trigger("one", [], { delivery: { ...QUICK, deadLetterSink: { ref: { name: "dead" } } } })], {
      one,
      dead,
    });
    assert.equal(await fixture.post(), 202);
    assert.equal(dead.received.length, 3);
    dead.script.splice(0, Infinity, 400);
    assert.equal(await fixture.post(), 500);
  });

  it("falls back on the Broker's sink", async () => {
    const [one, dead] = [await fixture.subscriber(400), await fixture.subscriber(200)];
    await fixture.start(
      [trigger("one", [], { delivery: QUICK })],
      { one, dead },
      { delivery: { deadLetterSink: { uri: dead.url } } },
    );
    assert.equal(await fixture.post(), 202);
    assert.equal(dead.received.length, 1);
  });
});
