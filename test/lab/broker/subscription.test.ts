import assert from "node:assert/strict";
import type { TriggerObject } from "../../../lab/broker/objects.ts";
import { trigger, useFixture } from "./fixture.ts";

describe("the embedded broker, given objects that can't be carried out", () => {
  const fixture = useFixture();

  const table: [text: string, trigger: TriggerObject, message: RegExp][] = [
    [
      "a subscriber without an address",
      trigger("one"),
      /Trigger default\/one: Service one has no local address; known: two/,
    ],
    [
      "an address on another machine",
      trigger("one", [], { subscriber: { uri: "http://example.com/" } }),
      /has no local address/,
    ],
    ["a Broker that isn't there", trigger("one", [], { broker: "other" }), /there is no Broker other/],
    ["a filter in cesql", trigger("two", [{ cesql: "TRUE" }]), /Trigger default\/two: .*cesql/],
    [
      "a backoff that is no duration",
      trigger("two", [], { delivery: { backoffDelay: "1s" } }),
      /backoffDelay: "1s" is no ISO 8601/,
    ],
    [
      "an unknown policy",
      trigger("two", [], { delivery: { backoffPolicy: "random" } }),
      /"random" is neither linear nor exponential/,
    ],
  ];
  for (const [text, object, message] of table) {
    it(`refuses ${text}`, async () => {
      const two = await fixture.subscriber(200);
      await assert.rejects(fixture.start([object], { two }), message);
    });
  }

  it("resolves an address in the cluster by its origin, path kept", async () => {
    const one = await fixture.subscriber(200);
    await fixture.start([trigger("one", [], { subscriber: { uri: "http://falco.svc.cluster.local:2801/x" } })], {
      "http://falco.svc.cluster.local:2801": one,
    });
    assert.equal(await fixture.post(), 202);
    assert.equal(fixture.attempts("subscriber")[0]?.kind === "attempt" && one.received.length, 1);
  });
});
