import assert from "node:assert/strict";
import fc from "fast-check";
import { alertReceiver } from "../../../responder/receiver/alerts.ts";
import type { Answer } from "../../../responder/receiver/answer.ts";
import { DeliveryError } from "../../../responder/receiver/cloud-event.ts";
import { undeliveredPayload } from "../../../responder/receiver/dead-letters.ts";
import { LIMITS } from "../../../responder/limits.ts";
import { parseAlert } from "../../../responder/alerts/alert.ts";
import { alerts } from "../actions/hostile-input.ts";
import { ALERT_HEADERS, cluster, engine, rules } from "../fixtures.ts";
import { quietly } from "../quietly.ts";

/** Answers every alert. */
const EVERY = rules('- rule: R\n  actions: [{action: T, actionner: "kubernetes:terminate"}]');

/** What may stand in a header as Node gives it: no line's end, and each byte a character. */
const value = fc.oneof(
  fc.constantFrom("", "1.0", "0.3", "..", "falco.rule.output.v1", "https://falco.org", "é\x1b[2J", "x".repeat(2000)),
  fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 40 }),
);
const NAMES = ["ce-id", "ce-source", "ce-type", "ce-specversion", "ce-time", "ce-rule", "ce-__proto__", "ce-a b"];
const headers = fc
  .record({
    contentType: fc.constantFrom(
      "application/json",
      "application/cloudevents+json",
      "application/cloudevents-batch+json; charset=utf-8",
      "application/cloudevents+xml",
      "text/plain",
      "",
      ";",
    ),
    others: fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 3, noNullPrototype: true }),
  })
  .map(({ contentType, others }) => ({ ...ALERT_HEADERS, "content-type": contentType, ...others }));

const event = fc.record(
  {
    specversion: fc.constantFrom("1.0", "1.0", "1.0", "0.3", 1, null),
    id: fc.oneof(fc.string(), fc.constantFrom("1", "", 7)),
    source: fc.constantFrom("https://falco.org", "", "..", null),
    type: fc.constantFrom("falco.rule.output.v1", "falco.rule.output.v1", "other", "", null),
    data: alerts,
    data_base64: fc.constantFrom("e30=", "!", 7),
    __proto__: fc.jsonValue(),
  },
  { requiredKeys: ["specversion", "id", "source", "type"] },
);
const body = fc.oneof(
  { weight: 3, arbitrary: alerts.map((alert) => JSON.stringify(alert)) },
  { weight: 2, arbitrary: event.map((one) => JSON.stringify(one)) },
  {
    weight: 2,
    arbitrary: fc.array(fc.oneof(event, fc.jsonValue()), { maxLength: 5 }).map((batch) => JSON.stringify(batch)),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("", "null", "[]", "{}", '{"a":', `${"[".repeat(50_000)}${"]".repeat(50_000)}`),
  },
);

describe("whatever a request holds", () => {
  quietly();

  it("is answered in the Broker's terms, or refused with one of the statuses that tell it never to come again", async () => {
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(headers, body, async (given, text) => {
        const deliver = alertReceiver(engine(cluster({}), { rules: EVERY }));
        try {
          const answer = await deliver(given, Buffer.from(text));
          seen.add(answer.status);
          check(answer);
        } catch (error) {
          assert.ok(error instanceof DeliveryError, error instanceof Error ? error.stack : String(error));
          seen.add(error.status);
          assert.ok(Buffer.byteLength(error.message) <= LIMITS.message);
          assert.doesNotMatch(error.message, /[\p{Cc}\p{Cf}\p{Cs}]/u);
        }
      }),
      { seed: 20261125, numRuns: 1500 },
    );
    for (const status of [200, 204, 400, 415]) assert.ok(seen.has(status), `none was answered with ${status}`);
  });

  it("is told as a dead letter that falcosidekick takes", () => {
    fc.assert(
      fc.property(headers, body, (given, text) => {
        const knative = { ...given, "ce-knativeerrorcode": given["ce-id"], "ce-knativeerrordata": text };
        const payload = undeliveredPayload(knative, text);
        assert.equal(parseAlert(payload).source, "response");
        for (const field of [payload.output, ...Object.values(payload.output_fields)]) {
          assert.ok(Buffer.byteLength(field) <= LIMITS.said, "it is bounded");
          assert.doesNotMatch(field, /[\p{Cc}\p{Cf}\p{Cs}]/u);
        }
      }),
      { seed: 20261125, numRuns: 1000 },
    );
  });
});

function check({ status, headers: given = {}, body: said = "" }: Answer): void {
  assert.ok([200, 204, 503].includes(status), `${status}`);
  assert.equal(said === "", status === 204);
  // what Node would refuse to write would end in no answer at all
  for (const [name, text] of Object.entries(given)) {
    assert.match(name, /^[\w-]+$/);
    assert.match(text, /^[\t\x20-\x7e\x80-\xff]*$/, `${name}: ${text}`);
    assert.ok(text.length <= LIMITS.field, name);
  }
}
