import assert from "node:assert/strict";
import { request } from "node:http";
import { startBroker } from "../../../lab/broker/broker.ts";
import type { EmbeddedBroker } from "../../../lab/broker/broker.ts";
import type { BrokerNote } from "../../../lab/broker/notes.ts";
import type { BrokerObject, TriggerObject } from "../../../lab/broker/objects.ts";
import { parseDuration, retryPolicy } from "../../../lab/broker/delivery.ts";
import type { DeliverySpec } from "../../../lab/broker/delivery.ts";
import type { SubscriptionsFilter } from "../../../lab/broker/filters.ts";
import { startSubscriber } from "../subscriber.ts";
import type { Scripted, Subscriber } from "../subscriber.ts";

const BODY = '{"evt.time":1795451516746609046,  "rule":"Shell in ünïcode"}';
const HEADERS = {
  "ce-specversion": "1.0",
  "ce-id": "1",
  "ce-type": "alert",
  "ce-source": "/falco",
  "content-type": "application/json",
};
const REPLY = {
  status: 200,
  headers: {
    "ce-specversion": "1.0",
    "ce-id": "2",
    "ce-type": "response",
    "ce-source": "/responder",
    "content-type": "application/json",
  },
  body: '{"done":true}',
};
const QUICK: DeliverySpec = { retry: 3, backoffPolicy: "exponential", backoffDelay: "PT0.2S" };

describe("the embedded broker", () => {
  const open: { close(): Promise<void> }[] = [];
  let notes: BrokerNote[];
  let broker: EmbeddedBroker;

  beforeEach(() => {
    notes = [];
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });

  async function subscriber(...script: Scripted[]): Promise<Subscriber> {
    const started = await startSubscriber(...script);
    open.push(started);
    return started;
  }

  function trigger(
    name: string,
    filters: SubscriptionsFilter[] = [],
    spec: Partial<TriggerObject["spec"]> = {},
  ): TriggerObject {
    return {
      metadata: { name, namespace: "default" },
      spec: { broker: "default", subscriber: { ref: { name } }, filters, ...spec },
    };
  }

  async function start(
    triggers: TriggerObject[],
    subscribers: Record<string, Subscriber>,
    spec?: BrokerObject["spec"],
  ): Promise<void> {
    broker = await startBroker({
      brokers: [{ metadata: { name: "default", namespace: "default" }, ...(spec ? { spec } : {}) }],
      triggers,
      addresses: Object.fromEntries(Object.entries(subscribers).map(([name, { url }]) => [name, url])),
      timeScale: 0.001,
      onNote: (note) => notes.push(note),
    });
    open.push(broker);
  }

  /** Posts over node:http, since fetch refuses some header values. */
  async function post(
    body = BODY,
    headers: Record<string, string> = HEADERS,
    path = "/default/default",
    method = "POST",
  ): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = request(`${broker.url}${path}`, { method, headers }, (response) => {
        response.resume().on("end", () => {
          resolve(response.statusCode ?? 0);
        });
      });
      // as bytes: Node would write the headers as UTF-8 along with a string
      sent.on("error", reject).end(Buffer.from(body));
    });
  }
  const attempts = (leg: string) => notes.filter((note) => note.kind === "attempt" && note.leg === leg);
  const waits = () => attempts("subscriber").map((note) => (note.kind === "attempt" ? note.next : undefined));

  describe("at its ingress", () => {
    it("answers 202 and delivers the event in binary mode with Knative's headers and the body's own bytes", async () => {
      const one = await subscriber(200);
      await start([trigger("one")], { one });
      assert.equal(
        await post(BODY, {
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
      const one = await subscriber(200);
      await start([trigger("one")], { one });
      const event =
        '{"specversion":"1.0","id":"1","type":"alert","source":"/falco","rule":"Ünï","data":{"evt.time":1795451516746609046}}';
      assert.equal(await post(event, { "content-type": "application/cloudevents+json; charset=utf-8" }), 202);
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
        const one = await subscriber(200);
        await start([trigger("one")], { one });
        assert.equal(await post(body, headers, path, method), status);
        assert.equal(one.received.length, 0);
        assert.equal(notes[0]?.kind, "refused");
      });
    }

    it("delivers only what a Trigger's filters want", async () => {
      const [one, two] = [await subscriber(200), await subscriber(200)];
      await start([trigger("one", [{ exact: { type: "alert" } }]), trigger("two", [{ exact: { type: "response" } }])], {
        one,
        two,
      });
      assert.equal(await post(), 202);
      assert.deepEqual([one.received.length, two.received.length], [1, 0]);
      assert.ok(notes.some((note) => note.kind === "filtered" && note.trigger === "two"));
    });
  });

  describe("when a subscriber fails", () => {
    for (const answer of [500, 503, 404, 408, 409, 429, "reset"] as const) {
      it(`tries again after ${answer}, with backoff`, async () => {
        const one = await subscriber(answer, answer, 200);
        await start([trigger("one", [], { delivery: QUICK })], { one });
        assert.equal(await post(), 202);
        assert.equal(one.received.length, 3);
        assert.deepEqual(waits(), [200, 400, undefined]);
      });
    }

    for (const answer of [400, 401, 403, 413, 415, 422, 302]) {
      it(`doesn't try again after ${answer}`, async () => {
        const one = await subscriber(answer);
        await start([trigger("one", [], { delivery: QUICK })], { one });
        assert.equal(await post(), 500);
        assert.equal(one.received.length, 1);
      });
    }

    it("tries again when there is no answer in the delivery's timeout", async () => {
      const one = await subscriber("hang", 200);
      await start([trigger("one", [], { delivery: { ...QUICK, timeout: "PT0.05S" } })], { one });
      assert.equal(await post(), 202);
      const [first] = attempts("subscriber");
      assert.equal(first?.kind === "attempt" && first.answer.error, "timed out");
    });

    it("answers 500 when the retries have run out and there is no dead letter sink", async () => {
      const one = await subscriber(503);
      await start([trigger("one", [], { delivery: QUICK })], { one });
      assert.equal(await post(), 500);
      assert.equal(one.received.length, 4);
      assert.ok(notes.some((note) => note.kind === "lost" && note.status === 503));
    });

    it("waits n times the delay where the policy is linear", async () => {
      const one = await subscriber(500);
      await start([trigger("one", [], { delivery: { retry: 3, backoffPolicy: "linear", backoffDelay: "PT1S" } })], {
        one,
      });
      await post();
      assert.deepEqual(waits(), [0, 1000, 2000, undefined]);
    });

    it("uses the Broker's delivery where the Trigger has none, and Knative's where that has none", async () => {
      const one = await subscriber(500);
      await start(
        [trigger("one")],
        { one },
        { delivery: { retry: 1, backoffPolicy: "exponential", backoffDelay: "PT0.1S" } },
      );
      await post();
      assert.deepEqual(waits(), [100, undefined]);
      notes = [];
      await start([trigger("one")], { one });
      await post();
      assert.deepEqual(waits(), [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 102_400, undefined]);
    });

    it("doesn't let one Trigger's failure keep the event from another", async () => {
      const [one, two] = [await subscriber(400), await subscriber(200)];
      await start([trigger("one"), trigger("two")], { one, two });
      assert.equal(await post(), 500);
      assert.equal(two.received.length, 1);
    });
  });

  describe("with a dead letter sink", () => {
    it("sends there what failed, and says where, how and why", async () => {
      const [one, dead] = [await subscriber({ status: 422, body: "no pod" }), await subscriber(200)];
      await start([trigger("one", [], { delivery: { ...QUICK, deadLetterSink: { ref: { name: "dead" } } } })], {
        one,
        dead,
      });
      assert.equal(await post(), 202);
      const [received] = dead.received;
      assert.ok(received);
      assert.equal(received.body.toString(), BODY);
      assert.equal(received.headers["ce-type"], "alert");
      assert.equal(received.headers["ce-knativeerrordest"], `${one.url}/`);
      assert.equal(received.headers["ce-knativeerrorcode"], "422");
      assert.equal(Buffer.from(String(received.headers["ce-knativeerrordata"]), "base64").toString(), "no pod");
    });

    it("reports 500 where there was no answer at all", async () => {
      const [one, dead] = [await subscriber("reset"), await subscriber(200)];
      await start([trigger("one", [], { delivery: { retry: 0, deadLetterSink: { ref: { name: "dead" } } } })], {
        one,
        dead,
      });
      assert.equal(await post(), 202);
      assert.equal(dead.received[0]?.headers["ce-knativeerrorcode"], "500");
      assert.match(
        Buffer.from(String(dead.received[0].headers["ce-knativeerrordata"]), "base64").toString(),
        /^dispatch error: /,
      );
    });

    it("tries the sink again too, and answers 500 when that fails for good", async () => {
      const [one, dead] = [await subscriber(400), await subscriber(503, 503, 200)];
      await start([trigger("one", [], { delivery: { ...QUICK, deadLetterSink: { ref: { name: "dead" } } } })], {
        one,
        dead,
      });
      assert.equal(await post(), 202);
      assert.equal(dead.received.length, 3);
      dead.script.splice(0, Infinity, 400);
      assert.equal(await post(), 500);
    });

    it("falls back on the Broker's sink", async () => {
      const [one, dead] = [await subscriber(400), await subscriber(200)];
      await start(
        [trigger("one", [], { delivery: QUICK })],
        { one, dead },
        { delivery: { deadLetterSink: { uri: dead.url } } },
      );
      assert.equal(await post(), 202);
      assert.equal(dead.received.length, 1);
    });
  });

  describe("given a reply", () => {
    const alerts: SubscriptionsFilter[] = [{ exact: { type: "alert" } }];
    const responses: SubscriptionsFilter[] = [{ exact: { type: "response" } }];

    it("posts an event in the answer back to itself, for the Triggers that want it", async () => {
      const [one, two] = [await subscriber(REPLY), await subscriber(200)];
      await start([trigger("one", alerts), trigger("two", responses)], { one, two });
      assert.equal(await post(), 202);
      assert.deepEqual([two.received[0]?.headers["ce-id"], two.received[0]?.body.toString()], ["2", '{"done":true}']);
      assert.equal(one.received.length, 1);
    });

    it("takes an empty answer for none", async () => {
      const one = await subscriber(204);
      await start([trigger("one")], { one });
      assert.equal(await post(), 202);
      assert.equal(attempts("reply").length, 0);
    });

    it("tries again where the answer is neither empty nor an event, as Knative does", async () => {
      const one = await subscriber({ status: 200, body: "thanks" }, 200);
      await start([trigger("one", [], { delivery: QUICK })], { one });
      assert.equal(await post(), 202);
      assert.equal(one.received.length, 2);
    });

    it("ends a loop of replies by counting down", async () => {
      const one = await subscriber({ ...REPLY, headers: { ...REPLY.headers, "ce-type": "alert" } });
      await start([trigger("one", alerts, { delivery: { retry: 0 } })], { one });
      await post(BODY, { ...HEADERS, "ce-knativebrokerttl": "5" });
      assert.equal(one.received.length, 4);
    });

    it("sends the event to the dead letter sink where the reply can't be placed", async () => {
      const [one, two, dead] = [await subscriber(REPLY), await subscriber(400), await subscriber(200)];
      const delivery = { retry: 0, deadLetterSink: { ref: { name: "dead" } } };
      await start([trigger("one", alerts, { delivery }), trigger("two", responses, { delivery: { retry: 0 } })], {
        one,
        two,
        dead,
      });
      assert.equal(await post(), 202);
      assert.equal(dead.received[0]?.headers["ce-type"], "alert");
      assert.equal(dead.received[0].headers["ce-knativeerrordest"], broker.addressOf("default", "default"));
    });
  });

  describe("given objects that can't be carried out", () => {
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
        const two = await subscriber(200);
        await assert.rejects(start([object], { two }), message);
      });
    }

    it("resolves an address in the cluster by its origin, path kept", async () => {
      const one = await subscriber(200);
      await start([trigger("one", [], { subscriber: { uri: "http://falco.svc.cluster.local:2801/x" } })], {
        "http://falco.svc.cluster.local:2801": one,
      });
      assert.equal(await post(), 202);
      assert.equal(attempts("subscriber")[0]?.kind === "attempt" && one.received.length, 1);
    });
  });
});

describe("a delivery's times", () => {
  it("are read as ISO 8601", () => {
    for (const [text, milliseconds] of Object.entries({
      "PT0.2S": 200,
      PT1M30S: 90_000,
      PT1H: 3_600_000,
      P1DT1S: 86_401_000,
      PT0S: 0,
    })) {
      assert.equal(parseDuration("timeout", text), milliseconds);
    }
    for (const text of ["", "P", "PT", "1s", "PT-1S", "0.2"])
      assert.throws(() => parseDuration("timeout", text), /^Error: timeout: /);
  });

  it("add up to about 205 seconds with Knative's defaults", () => {
    const { retries, backoff } = retryPolicy({ retry: 10, backoffPolicy: "exponential", backoffDelay: "PT0.2S" });
    assert.equal(
      Array.from({ length: retries }, (_, attempt) => backoff(attempt)).reduce((sum, wait) => sum + wait, 0),
      204_600,
    );
  });
});
