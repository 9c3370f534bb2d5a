import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { deadLetter, undeliveredPayload } from "../../../responder/receiver/dead-letters.ts";
import { shellAlert } from "../fixtures.ts";
import { quietly } from "../quietly.ts";

const headers = {
  "ce-type": "falco.rule.output.v1",
  "ce-knativeerrorcode": "503",
  "ce-knativeerrordest": "http://responder.default.svc.cluster.local",
  "ce-knativeerrordata": Buffer.from('{"detail":"the API is down"}').toString("base64"),
};

describe("a dead letter", () => {
  it("of an alert is an alert of its own that says what was lost and why, at least an error", () => {
    const payload = undeliveredPayload(headers, JSON.stringify(shellAlert()));
    assert.equal(payload.rule, "Response: not delivered");
    assert.equal(payload.priority, "Error");
    assert.match(payload.output, /The alert "Terminal shell in container" could not be delivered.*responder.* was 503/);
    assert.equal(payload.output_fields["alert.uuid"], shellAlert().uuid);
    assert.equal(payload.output_fields["k8s.pod.name"], "alpine");
    assert.equal(payload.output_fields["response.error.detail"], '{"detail":"the API is down"}');
  });

  it("of something urgent is more urgent still", () => {
    assert.equal(
      undeliveredPayload(headers, JSON.stringify(shellAlert({}, { priority: "Critical" }))).priority,
      "Alert",
    );
  });

  it("has the source that no Trigger of ours takes up, so that it never comes round again", () => {
    assert.equal(undeliveredPayload(headers, JSON.stringify(shellAlert())).source, "response");
  });

  it("of anything else tells its type", () => {
    const payload = undeliveredPayload({ "ce-type": "other" }, "{");
    assert.match(payload.output, /A CloudEvent of type "other" could not be delivered/);
    assert.deepEqual(payload.output_fields, { "response.outcome": "undelivered" });
  });

  it("of an alert that was too large, and so cut, names its rule by the event's attribute", () => {
    const cut = JSON.stringify(shellAlert({ big: "x".repeat(2_000_000) })).slice(0, 1024 * 1024);
    const rule = Buffer.from("Größe über alles").toString("latin1");
    const payload = undeliveredPayload({ ...headers, "ce-knativeerrorcode": "413", "ce-rule": rule }, cut);
    assert.match(
      payload.output,
      /A CloudEvent of type "falco\.rule\.output\.v1", of rule "Größe über alles", could not/,
    );
    assert.match(payload.output, /was 413\.$/);
    assert.equal(payload.priority, "Error");
  });

  it("is told in plain and bounded words, whatever it holds", () => {
    const text = "\u001b[2J\u202e".repeat(50_000);
    const hostile = { ...headers, "ce-knativeerrordest": text, "ce-type": text, "ce-rule": text };
    const data = Buffer.from(text).toString("base64");
    for (const body of [JSON.stringify(shellAlert({}, { rule: text, uuid: text })), text]) {
      const payload = undeliveredPayload({ ...hostile, "ce-knativeerrordata": data }, body);
      const all = JSON.stringify(payload);
      assert.ok(Buffer.byteLength(all) < 8 * 1024);
      for (const said of [payload.output, ...Object.values(payload.output_fields)]) {
        assert.doesNotMatch(said, /[\p{Cc}\p{Cf}]/u);
      }
    }
  });
});

describe("the dead letter sink", () => {
  const logged = quietly();
  let falcosidekick: Server;
  let came: { authorization: string | undefined; url: string | undefined; body: string }[];
  let status: number;
  beforeEach(async () => {
    came = [];
    status = 200;
    falcosidekick = createServer((request, response) => {
      let body = "";
      request
        .setEncoding("utf8")
        .on("data", (chunk: string) => (body += chunk))
        .on("end", () => {
          came.push({ authorization: request.headers.authorization, url: request.url, body });
          response.writeHead(status, { location: "/elsewhere" }).end();
        });
    }).listen(0, "127.0.0.1");
    await once(falcosidekick, "listening");
  });
  afterEach(() => {
    falcosidekick.close();
    falcosidekick.closeAllConnections();
  });
  const deliver = async () => {
    const { port } = falcosidekick.address() as AddressInfo;
    const sink = deadLetter(`http://user:secret@127.0.0.1:${port}/?token=hidden`);
    return await sink(headers, Buffer.from(JSON.stringify(shellAlert())));
  };

  it("hands it to falcosidekick, with the user and password of its address, and has it whole in the log", async () => {
    assert.deepEqual(await deliver(), { status: 204 });
    assert.equal(came[0]?.authorization, `Basic ${Buffer.from("user:secret").toString("base64")}`);
    assert.equal((JSON.parse(came[0].body) as { rule: string }).rule, "Response: not delivered");
    const [line] = logged.map((one) => JSON.parse(one) as Record<string, string>);
    assert.deepEqual(JSON.parse(line?.["delivery"] ?? ""), shellAlert());
  });

  for (const code of [302, 400, 503]) {
    it(`is to be asked again where falcosidekick answers ${code}, and shows no password`, async () => {
      status = code;
      const answer = await deliver();
      assert.equal(answer.status, 503);
      assert.match(answer.body ?? "", new RegExp(`it answered ${code}`));
      assert.equal(came.length, 1, "a redirect is not followed");
      assert.doesNotMatch(`${answer.body}${logged.slice(1).join("")}`, /secret|hidden/);
    });
  }
});
