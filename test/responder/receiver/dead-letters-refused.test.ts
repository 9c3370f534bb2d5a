import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import { listen, type Listening } from "../../../lab/listen.ts";
import type { FalcoPayload } from "../../../responder/alerts/falcosidekick.ts";
import { problem } from "../../../responder/receiver/answer.ts";
import { REFUSED } from "../../../responder/receiver/authentication.ts";
import { deadLetter } from "../../../responder/receiver/dead-letters.ts";
import { ALERT_KEY } from "../../support/alert-key.ts";
import { eventually } from "../../support/eventually.ts";
import { ALERT_HEADERS, shellAlert } from "../fixtures.ts";
import { quietly } from "../quietly.ts";
import { Minutes } from "./minutes.ts";

const BODY = JSON.stringify(shellAlert());

describe("dead letters of what was refused", () => {
  const logged = quietly();
  let sidekick: Listening;
  let minutes: Minutes;
  const taken: FalcoPayload[] = [];

  before(async () => {
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        taken.push(JSON.parse(body) as FalcoPayload);
        response.end();
      });
    });
    sidekick = await listen(server);
  });

  beforeEach(() => {
    taken.length = 0;
    minutes = new Minutes();
  });

  after(() => sidekick.close());

  /** Of a delivery to the responder that was answered like this. */
  function headersOf(answer: string): IncomingHttpHeaders {
    return {
      ...ALERT_HEADERS,
      "ce-knativeerrorcode": "403",
      "ce-knativeerrordest": "http://responder.default.svc.cluster.local",
      "ce-knativeerrordata": Buffer.from(answer).toString("base64"),
    };
  }

  async function post(headers: IncomingHttpHeaders, count: number, body = BODY): Promise<void> {
    const deliver = deadLetter(sidekick.url, minutes.later);
    for (let index = 0; index < count; index++) {
      assert.deepEqual(await deliver(headers, Buffer.from(body)), { status: 204 });
    }
  }

  it("are told at most once a minute where something before the responder refuses them, however many come", async () => {
    await post(headersOf("RBAC: access denied"), 300);
    await eventually("the first is told", () => Promise.resolve(taken.length === 1));
    minutes.pass();
    await eventually("the others are told", () => Promise.resolve(taken.length === 2));
    assert.match(taken[1]?.output ?? "", /^299 events within a minute were refused; the last: The alert/);
    assert.deepEqual([...new Set(taken.map(({ source }) => source))], ["response"]);
    assert.ok(logged.length <= 10, String(logged.length));
  });

  it("are told so, too, where they are responses that are none", async () => {
    const broken = { "ce-type": "falco.response.v1", "ce-knativeerrorcode": "400" };
    await post(broken, 100, "{");
    await eventually("the first is told", () => Promise.resolve(taken.length === 1));
    minutes.pass();
    await eventually("the others are told", () => Promise.resolve(taken.length === 2));
    assert.match(taken[1]?.output ?? "", /^99 events within a minute were refused/);
  });

  it("aren't told again where the responder has told of them", async () => {
    await post(headersOf(problem(403, REFUSED).body ?? ""), 50);
    minutes.pass();
    assert.deepEqual(taken, []);
    assert.equal(logged.length, 2);
  });

  it("show the key nowhere, in whichever content mode it came", async () => {
    const binary = { ...ALERT_HEADERS, "ce-knativeerrorcode": "503" };
    await post(binary, 1);
    const event = { specversion: "1.0", id: "1", type: "x", source: "y", alertkey: ALERT_KEY, data: shellAlert() };
    const structured = { "content-type": "application/cloudevents+json" };
    await post(structured, 1, JSON.stringify(event));
    await post(structured, 1, JSON.stringify(event).slice(0, -1));
    await post({ "content-type": "application/cloudevents-batch+json" }, 1, JSON.stringify([event]));
    assert.equal(taken.length, 4);
    assert.equal(logged.filter((line) => line.includes('"delivery"')).length, 4);
    assert.ok(![...logged, JSON.stringify(taken)].join().includes(ALERT_KEY));
  });
});
