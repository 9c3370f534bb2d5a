import assert from "node:assert/strict";
import type { SubscriptionsFilter } from "../../../lab/broker/filters.ts";
import { BODY, HEADERS, QUICK, REPLY, trigger, useFixture } from "./fixture.ts";

describe("the embedded broker, given a reply", () => {
  const fixture = useFixture();

  const alerts: SubscriptionsFilter[] = [{ exact: { type: "alert" } }];
  const responses: SubscriptionsFilter[] = [{ exact: { type: "response" } }];

  it("posts an event in the answer back to itself, for the Triggers that want it", async () => {
    const [one, two] = [await fixture.subscriber(REPLY), await fixture.subscriber(200)];
    await fixture.start([trigger("one", alerts), trigger("two", responses)], { one, two });
    assert.equal(await fixture.post(), 202);
    assert.deepEqual([two.received[0]?.headers["ce-id"], two.received[0]?.body.toString()], ["2", '{"done":true}']);
    assert.equal(one.received.length, 1);
  });

  it("takes an empty answer for none", async () => {
    const one = await fixture.subscriber(204);
    await fixture.start([trigger("one")], { one });
    assert.equal(await fixture.post(), 202);
    assert.equal(fixture.attempts("reply").length, 0);
  });

  it("tries again where the answer is neither empty nor an event, as Knative does", async () => {
    const one = await fixture.subscriber({ status: 200, body: "thanks" }, 200);
    await fixture.start([trigger("one", [], { delivery: QUICK })], { one });
    assert.equal(await fixture.post(), 202);
    assert.equal(one.received.length, 2);
  });

  it("ends a loop of replies by counting down", async () => {
    const one = await fixture.subscriber({ ...REPLY, headers: { ...REPLY.headers, "ce-type": "alert" } });
    await fixture.start([trigger("one", alerts, { delivery: { retry: 0 } })], { one });
    await fixture.post(BODY, { ...HEADERS, "ce-knativebrokerttl": "5" });
    assert.equal(one.received.length, 4);
  });

  it("sends the event to the dead letter sink where the reply can't be placed", async () => {
    const [one, two, dead] = [
      await fixture.subscriber(REPLY),
      await fixture.subscriber(400),
      await fixture.subscriber(200),
    ];
    const delivery = { retry: 0, deadLetterSink: { ref: { name: "dead" } } };
    await fixture.start([trigger("one", alerts, { delivery }), trigger("two", responses, { delivery: { retry: 0 } })], {
      one,
      two,
      dead,
    });
    assert.equal(await fixture.post(), 202);
    assert.equal(dead.received[0]?.headers["ce-type"], "alert");
    assert.equal(dead.received[0].headers["ce-knativeerrordest"], fixture.broker.addressOf("default", "default"));
  });
});
