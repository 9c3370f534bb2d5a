import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import type { FalcoPayload } from "../../../responder/alerts/falcosidekick.ts";
import type { Answer, Deliver } from "../../../responder/receiver/answer.ts";
import { guarded, REFUSED, refusedFor } from "../../../responder/receiver/authentication.ts";
import { DeliveryError, readDelivery } from "../../../responder/receiver/cloud-event.ts";
import { digestOf } from "../../../responder/receiver/key-file.ts";
import { Refusals } from "../../../responder/receiver/refusals.ts";
import { registry } from "../../../responder/telemetry/metrics.ts";
import { ALERT_KEY } from "../../support/alert-key.ts";
import { ALERT_HEADERS, shellAlert } from "../fixtures.ts";
import { quietly } from "../quietly.ts";
import { Minutes } from "./minutes.ts";

const OTHER = "another-key-0123456789-abcdefghijk";
const KEYLESS = Object.fromEntries(Object.entries(ALERT_HEADERS).filter(([name]) => name !== "ce-alertkey"));
const STRUCTURED = { "content-type": "application/cloudevents+json; charset=utf-8" };
const BATCH = { "content-type": "application/cloudevents-batch+json" };

function event(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    specversion: "1.0",
    id: "1",
    type: "falco.rule.output.v1",
    source: "https://falco.org",
    data: shellAlert(),
    ...more,
  };
}

describe("the door", () => {
  const logged = quietly();
  let delivered: { headers: IncomingHttpHeaders; body: string }[];
  let told: FalcoPayload[];
  let minutes: Minutes;
  let accepted: string[];
  let door: Deliver;

  beforeEach(() => {
    delivered = [];
    told = [];
    minutes = new Minutes();
    accepted = [ALERT_KEY];
    registry.resetMetrics();
    const tell = (_id: string, payload: FalcoPayload): Promise<void> => {
      told.push(payload);
      return Promise.resolve();
    };
    door = guarded(
      () => accepted.map(digestOf),
      new Refusals(tell, minutes.later),
      (headers, body) => {
        delivered.push({ headers, body: body.toString() });
        return Promise.resolve({ status: 204 });
      },
    );
  });

  async function post(headers: IncomingHttpHeaders, body: unknown = shellAlert()): Promise<Answer> {
    return await door(headers, Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), "10.1.2.3");
  }

  /** That nothing came through, and that no word of it has a key. */
  function assertRefused(answer: Answer): void {
    assert.equal(answer.status, 403);
    assert.deepEqual(delivered, []);
    const words = [answer.body, ...logged, JSON.stringify(told)].join();
    for (const key of [ALERT_KEY, OTHER]) assert.ok(!words.includes(key), words);
  }

  it("lets an alert with the key through, as it is and without the key", async () => {
    assert.equal((await post(ALERT_HEADERS)).status, 204);
    assert.deepEqual(delivered, [{ headers: KEYLESS, body: JSON.stringify(shellAlert()) }]);
    assert.deepEqual(told, []);
  });

  const wrong: [what: string, key: string | string[] | undefined, reason: string][] = [
    ["no key", undefined, "missing"],
    ["an empty key", "", "missing"],
    ["a wrong key", OTHER, "wrong"],
    ["the key and more", `${ALERT_KEY}x`, "wrong"],
    ["the key's start", ALERT_KEY.slice(0, -1), "wrong"],
    ["the key in other letter case", ALERT_KEY.toUpperCase(), "wrong"],
    ["the key twice, as Node joins a header", `${ALERT_KEY}, ${ALERT_KEY}`, "several"],
    ["the key and another, as a list", [ALERT_KEY, OTHER], "several"],
    ["a key of a megabyte", "k".repeat(1024 * 1024), "wrong"],
  ];
  for (const [what, key, reason] of wrong) {
    it(`refuses an alert with ${what}, for good`, async () => {
      assertRefused(await post({ ...KEYLESS, ...(key !== undefined && { "ce-alertkey": key }) }));
      const metrics = await registry.metrics();
      assert.match(metrics, new RegExp(`^response_engine_refused_total\\{reason="${reason}"\\} 1$`, "m"));
    });
  }

  it("looks at nothing of the body before the key: what is no JSON is refused for its key", async () => {
    assertRefused(await post(KEYLESS, "{"));
  });

  it("takes every key that is accepted, and none any more when it isn't", async () => {
    accepted = [OTHER, ALERT_KEY];
    for (const key of accepted) assert.equal((await post({ ...KEYLESS, "ce-alertkey": key })).status, 204);
    accepted = [OTHER];
    assert.equal((await post(ALERT_HEADERS)).status, 403, "an alert that was recorded under the old key");
  });

  it("takes no key where none is accepted", () => {
    assert.equal(refusedFor(ALERT_KEY, []), "wrong");
  });

  it("reads the key of a structured event in the event, and hands it on without", async () => {
    assert.equal((await post(STRUCTURED, event({ alertkey: ALERT_KEY }))).status, 204);
    const [{ headers, body } = { headers: {}, body: "" }] = delivered;
    assert.ok(!body.includes(ALERT_KEY));
    const [read] = readDelivery(headers, Buffer.from(body)).events;
    assert.ok(read && !(read instanceof DeliveryError));
    assert.deepEqual(read.data, shellAlert());
  });

  for (const key of [undefined, OTHER, "", 5, [ALERT_KEY], { a: ALERT_KEY }, null]) {
    it(`refuses a structured event with ${JSON.stringify(key)} for a key`, async () => {
      assertRefused(await post({ ...STRUCTURED, "ce-alertkey": ALERT_KEY }, event({ alertkey: key })));
    });
  }

  it("refuses a structured event whose extension is in other letter case", async () => {
    assertRefused(await post(STRUCTURED, event({ AlertKey: ALERT_KEY })));
  });

  it("hands on of a batch what has the key, each event by its own, and tells of the others once", async () => {
    const batch = [event({ id: "1", alertkey: ALERT_KEY }), event({ id: "2" }), event({ id: "3", alertkey: OTHER }), 7];
    assert.equal((await post(BATCH, batch)).status, 204);
    const events = JSON.parse(delivered[0]?.body ?? "") as { id: string; alertkey?: string }[];
    assert.deepEqual(
      events.map(({ id, alertkey }) => [id, alertkey]),
      [["1", undefined]],
    );
    assert.equal(told.length, 1);
    minutes.pass();
    assert.equal(told.length, 2);
  });

  it("refuses a batch of which nothing has the key", async () => {
    assertRefused(await post(BATCH, [event(), event({ alertkey: OTHER })]));
    assertRefused(await post(BATCH, []));
  });

  it("keeps whole numbers exact that JavaScript would round", async () => {
    const text = JSON.stringify(event({ alertkey: ALERT_KEY })).replace(
      '"container.id"',
      '"evt.time":1795451516746609046,$&',
    );
    await post(STRUCTURED, text);
    assert.ok(delivered[0]?.body.includes("1795451516746609046"));
  });

  it("says where a refused alert came from, on one line and bounded, and what to think of it", async () => {
    await post({
      ...KEYLESS,
      "ce-source": `https://falco.org\n${"x".repeat(4000)}`,
      "x-forwarded-for": "10.9.8.7",
      "kn-namespace": "default",
    });
    const [line = "{}"] = logged;
    const { message, reason, from, namespace, source, id } = JSON.parse(line) as Record<string, string>;
    assert.deepEqual([message, reason, from, namespace, id], ["refused", "missing", "10.9.8.7", "default", "1"]);
    assert.ok(source && !source.includes("\n") && source.length <= 160);
    const [payload] = told;
    assert.equal(payload?.rule, "Response: refused");
    assert.equal(payload.source, "response");
    assert.equal(payload.priority, "Critical");
    assert.match(payload.output, /^Refused an alert without a key, by way of 10\.9\.8\.7: nothing was done about it\./);
  });

  it("names who connected where no proxy says whom for", async () => {
    await post(KEYLESS);
    assert.equal(told[0]?.output_fields["refused.from"], "10.1.2.3");
  });

  it("tells people of a thousand refusals once at once and once at the minute's end, and logs some of them", async () => {
    for (let index = 0; index < 1000; index++) await post({ ...KEYLESS, "ce-alertkey": OTHER });
    assert.equal(told.length, 1);
    assert.equal(logged.length, 10);
    minutes.pass();
    assert.equal(told.length, 2);
    assert.equal(told[1]?.output_fields["refused.count"], "999");
    assert.match(await registry.metrics(), /^response_engine_refused_total\{reason="wrong"\} 1000$/m);
  });

  it("goes on where people can't be told", async () => {
    const fails = new Refusals(() => Promise.reject(new Error("the Broker is away")), minutes.later);
    const deaf = guarded(
      () => [],
      fails,
      () => Promise.resolve({ status: 204 }),
    );
    assert.equal((await deaf(KEYLESS, Buffer.from("{}"))).status, 403);
    assert.equal((await deaf(KEYLESS, Buffer.from("{}"))).status, 403);
    assert.ok(logged.some((line) => line.includes("the Broker is away")));
  });

  it("answers in words by which the dead letter service knows it", async () => {
    assert.ok((await post(KEYLESS)).body?.includes(REFUSED));
  });
});
