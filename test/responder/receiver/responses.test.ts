import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { listen, type Listening } from "../../../lab/listen.ts";
import { rulesFor } from "../../../responder/rules/answering.ts";
import { parseAlert } from "../../../responder/alerts/alert.ts";
import { DeliveryError } from "../../../responder/receiver/cloud-event.ts";
import { relayedPayload, responseRelay } from "../../../responder/receiver/responses.ts";
import { rules, shellAlert, TERMINATE } from "../fixtures.ts";
import { quietly } from "../quietly.ts";

const HEADERS = { "ce-type": "falco.response.v1", "ce-source": "/response-engine/responder" };

describe("the way of responses to falcosidekick", () => {
  quietly();
  let server: Server;
  let sidekick: Listening;
  let status: number;
  const taken: string[] = [];

  before(async () => {
    server = createServer((request, response) => {
      void text(request).then((body) => {
        taken.push(body);
        response.writeHead(status).end();
      });
    });
    sidekick = await listen(server);
  });

  beforeEach(() => {
    taken.length = 0;
    status = 200;
  });

  after(() => sidekick.close());

  const relay = () => responseRelay(sidekick.url, () => Promise.resolve({ status: 299 }));

  it("passes a response on as it is", async () => {
    const response = { ...shellAlert(), rule: "Response: Terminate", source: "response", tags: ["response"] };
    assert.deepEqual(await relay()(HEADERS, Buffer.from(JSON.stringify(response))), { status: 204 });
    // falcosidekick gives everything a uuid of its own
    assert.deepEqual({ ...(JSON.parse(taken[0] ?? "") as object), uuid: response.uuid }, response);
  });

  const forged: [what: string, body: string][] = [
    ["as it is", JSON.stringify(shellAlert())],
    [
      "with the source in other letter case beside it",
      JSON.stringify({ ...shellAlert(), source: "response", Source: "syscall", SOURCE: "syscall" }),
    ],
    ["with the source twice", `{"source":"response",${JSON.stringify(shellAlert()).slice(1)}`],
    ["with every tag and priority", JSON.stringify(shellAlert({}, { tags: ["a", "b"], priority: "Emergency" }))],
  ];
  for (const [what, body] of forged) {
    it(`never lets an alert of Falco's pass for a response, ${what}`, async () => {
      await relay()(HEADERS, Buffer.from(body));
      const [sent = ""] = taken;
      const payload = JSON.parse(sent) as Record<string, unknown>;
      assert.equal(payload["source"], "response");
      // Go reads a field whatever the letter case of its name
      const names = Object.keys(payload).map((name) => name.toLowerCase());
      assert.equal(names.filter((name) => name === "source").length, 1);
      assert.match(String(payload["rule"]), /^Response: /);
      const any = rules(`- rule: any\n  match: {}\n  actions: [{action: T, actionner: "kubernetes:terminate"}]`);
      for (const loaded of [rules(TERMINATE), any]) assert.deepEqual(rulesFor(parseAlert(payload), loaded), []);
    });
  }

  it("asks the Broker to try again where falcosidekick doesn't take it", async () => {
    status = 503;
    const body = Buffer.from(JSON.stringify(shellAlert()));
    assert.equal((await relay()(HEADERS, body)).status, 503);
  });

  it("leaves a response that couldn't be delivered, and anything else, to the dead letters", async () => {
    const body = Buffer.from(JSON.stringify(shellAlert()));
    assert.equal((await relay()({ ...HEADERS, "ce-knativeerrorcode": "503" }, body)).status, 299);
    assert.equal((await relay()({ "ce-type": "falco.rule.output.v1" }, body)).status, 299);
    assert.deepEqual(taken, []);
  });

  it("refuses for good what is no response", () => {
    for (const body of ["{", "[]", '{"rule":1}']) {
      assert.throws(
        () => relayedPayload(body),
        (error) => error instanceof DeliveryError && error.status === 400,
      );
    }
  });
});
