import assert from "node:assert/strict";
import { QUICK, trigger, useFixture } from "./fixture.ts";

describe("the embedded broker, when a subscriber fails", () => {
  const fixture = useFixture();

  for (const answer of [500, 503, 404, 408, 409, 429, "reset"] as const) {
    it(`tries again after ${answer}, with backoff`, async () => {
      const one = await fixture.subscriber(answer, answer, 200);
      await fixture.start([trigger("one", [], { delivery: QUICK })], { one });
      assert.equal(await fixture.post(), 202);
      assert.equal(one.received.length, 3);
      assert.deepEqual(fixture.waits(), [200, 400, undefined]);
    });
  }

  for (const answer of [400, 401, 403, 413, 415, 422, 302]) {
    it(`doesn't try again after ${answer}`, async () => {
      const one = await fixture.subscriber(answer);
      await fixture.start([trigger("one", [], { delivery: QUICK })], { one });
      assert.equal(await fixture.post(), 500);
      assert.equal(one.received.length, 1);
    });
  }

  it("tries again when there is no answer in the delivery's timeout", async () => {
    const one = await fixture.subscriber("hang", 200);
    await fixture.start(
      [trigger("one", [], { delivery: { retry: 1_000, backoffPolicy: "linear", timeout: "PT0.05S" } })],
      { one },
    );
    assert.equal(await fixture.post(), 202);
    const [first] = fixture.attempts("subscriber");
    assert.equal(first?.kind === "attempt" && first.answer.error, "timed out");
  });

  it("answers 500 when the retries have run out and there is no dead letter sink", async () => {
    const one = await fixture.subscriber(503);
    await fixture.start([trigger("one", [], { delivery: QUICK })], { one });
    assert.equal(await fixture.post(), 500);
    assert.equal(one.received.length, 4);
    assert.ok(fixture.notes.some((note) => note.kind === "lost" && note.status === 503));
  });

  it("waits n times the delay where the policy is linear", async () => {
    const one = await fixture.subscriber(500);
    await fixture.start(
      [trigger("one", [], { delivery: { retry: 3, backoffPolicy: "linear", backoffDelay: "PT1S" } })],
      {
        one,
      },
    );
    await fixture.post();
    assert.deepEqual(fixture.waits(), [0, 1000, 2000, undefined]);
  });

  it("uses the Broker's delivery where the Trigger has none, and Knative's where that has none", async () => {
    const one = await fixture.subscriber(500);
    await fixture.start(
      [trigger("one")],
      { one },
      { delivery: { retry: 1, backoffPolicy: "exponential", backoffDelay: "PT0.1S" } },
    );
    await fixture.post();
    assert.deepEqual(fixture.waits(), [100, undefined]);
    fixture.notes.length = 0;
    await fixture.start([trigger("one")], { one });
    await fixture.post();
    assert.deepEqual(fixture.waits(), [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 102_400, undefined]);
  });

  it("doesn't let one Trigger's failure keep the event from another", async () => {
    const [one, two] = [await fixture.subscriber(400), await fixture.subscriber(200)];
    await fixture.start([trigger("one"), trigger("two")], { one, two });
    assert.equal(await fixture.post(), 500);
    assert.equal(two.received.length, 1);
  });
});
