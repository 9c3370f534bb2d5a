import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CloudEvent } from "cloudevents";
import { brokerSink, OutputError } from "../../../responder/outputs/broker.ts";

const EVENT = new CloudEvent({
  id: "output-1",
  type: "falco.response.output.v1",
  source: "/response-engine/responder",
  subject: "default/alpine",
  target: "aws:s3",
  data: { output: "größer\n" },
});

describe("the sink", () => {
  let server: Server;
  let url: string;
  let statuses: number[];
  let requests: { method: string | undefined; path: string | undefined; headers: IncomingHttpHeaders; body: string }[];

  beforeEach(async () => {
    statuses = [];
    requests = [];
    server = createServer((request, response) => {
      let body = "";
      request
        .setEncoding("utf8")
        .on("data", (chunk: string) => (body += chunk))
        .on("end", () => {
          requests.push({ method: request.method, path: request.url, headers: request.headers, body });
          response.writeHead(statuses.shift() ?? 202).end();
        });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/default/default`;
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  it("posts an event in binary mode to the Broker's path", async () => {
    await brokerSink(url)(EVENT);
    const [{ method, path, headers, body } = assert.fail("nothing came"), ...more] = requests;
    assert.deepEqual(more, []);
    assert.equal(method, "POST");
    assert.equal(path, "/default/default");
    assert.match(headers["content-type"] ?? "", /^application\/json/);
    const attributes = Object.fromEntries(
      Object.entries(headers).filter(([name]) => name.startsWith("ce-") && name !== "ce-time"),
    );
    assert.deepEqual(attributes, {
      "ce-specversion": "1.0",
      "ce-id": "output-1",
      "ce-type": "falco.response.output.v1",
      "ce-source": "/response-engine/responder",
      "ce-subject": "default/alpine",
      "ce-target": "aws:s3",
    });
    assert.deepEqual(JSON.parse(body), { output: "größer\n" });
  });

  for (const status of [200, 202, 204]) {
    it(`takes ${status} for taken`, async () => {
      statuses = [status];
      await brokerSink(url)(EVENT);
      assert.equal(requests.length, 1);
    });
  }

  it("tries again where the Broker can't take it for a moment", async () => {
    statuses = [503, 500];
    await brokerSink(url, [1, 1])(EVENT);
    assert.equal(requests.length, 3);
    assert.deepEqual(new Set(requests.map(({ headers }) => headers["ce-id"])), new Set(["output-1"]));
  });

  it("waits longer between the later tries", async () => {
    statuses = [503, 503];
    const started = performance.now();
    await brokerSink(url, [20, 60])(EVENT);
    assert.ok(performance.now() - started >= 75);
  });

  it("gives up after the last try, naming the Broker, the event and the answer", async () => {
    statuses = [500, 502, 503];
    await assert.rejects(brokerSink(url, [1, 1])(EVENT), (error) => {
      assert.ok(error instanceof OutputError);
      assert.equal(error.message, `the Broker at ${url} did not take "falco.response.output.v1": it answered 503`);
      return true;
    });
    assert.equal(requests.length, 3);
  });

  for (const status of [400, 401, 403, 404, 409, 413, 415, 301, 302, 307]) {
    it(`takes ${status} for final: sending it again can't help`, async () => {
      statuses = [status];
      await assert.rejects(
        brokerSink(url, [1, 1])(EVENT),
        (error) => error instanceof OutputError && error.final && error.message.endsWith(`it answered ${status}`),
      );
      assert.equal(requests.length, 1);
    });
  }

  for (const status of [408, 425, 429, 500, 503]) {
    it(`takes ${status} for passing`, async () => {
      statuses = [status, status];
      await assert.rejects(brokerSink(url, [1])(EVENT), (error) => error instanceof OutputError && !error.final);
      assert.equal(requests.length, 2);
    });
  }

  it("shows user and password to the Broker alone", async () => {
    statuses = [500];
    const secret = url.replace("http://", "http://us%25er:pass%40word@");
    await assert.rejects(brokerSink(`${secret}?token=abc`, [])(EVENT), (error) => {
      assert.ok(error instanceof OutputError);
      assert.equal(error.message, `the Broker at ${url} did not take "falco.response.output.v1": it answered 500`);
      return true;
    });
    const authorization = requests[0]?.headers["authorization"];
    assert.equal(authorization, `Basic ${Buffer.from("us%er:pass@word").toString("base64")}`);
    assert.match(requests[0]?.path ?? "", /\?token=abc$/);
  });

  it("gives up on a Broker that nobody listens for, with what the network said", async () => {
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, "close");
    await assert.rejects(brokerSink(`http://127.0.0.1:${port}/`, [1])(EVENT), {
      name: "OutputError",
      message: `the Broker at http://127.0.0.1:${port}/ did not take "falco.response.output.v1": connect ECONNREFUSED 127.0.0.1:${port}`,
    });
  });
});
