import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { post, shown } from "../../responder/post.ts";

describe("a post", () => {
  let server: Server;
  let url: string;
  let came: IncomingMessage[];
  let answer: (response: ServerResponse) => void;
  beforeEach(async () => {
    came = [];
    answer = (response) => response.writeHead(202).end();
    server = createServer((request, response) => {
      came.push(request);
      request.resume();
      answer(response);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/path?query=1`;
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });
  const send = (to = url, timeout = 10_000) => post(to, { "x-header": "yes" }, "body", timeout);

  it("that is taken has nothing to say", async () => {
    assert.equal(await send(), undefined);
    assert.deepEqual([came[0]?.method, came[0]?.url, came[0]?.headers["x-header"]], ["POST", "/path?query=1", "yes"]);
  });

  for (const status of [301, 302, 307, 400, 404, 500]) {
    it(`that is answered with ${status} says so, and goes nowhere else`, async () => {
      answer = (response) => response.writeHead(status, { location: "/elsewhere" }).end();
      assert.deepEqual(await send(), { status, reason: `it answered ${status}` });
      assert.equal(came.length, 1);
    });
  }

  it("is taken by its status, whatever its answer holds, and that is not read", async () => {
    answer = (response) => {
      response.writeHead(200).write("x".repeat(100_000));
    };
    assert.equal(await send(), undefined);
  });

  it("that is never answered has no status", async () => {
    answer = () => undefined;
    const { status, reason = "" } = (await send(url, 50)) ?? {};
    assert.equal(status, undefined);
    assert.match(reason, /timeout/);
  });

  it("that nobody listens for says what the network said", async () => {
    answer = (response) => response.destroy();
    assert.equal((await send())?.status, undefined);
    server.close();
    server.closeAllConnections();
    assert.match((await send())?.reason ?? "", /ECONNREFUSED/);
  });

  for (const [given, user] of [
    ["user:pass", "user:pass"],
    ["us%40er:p%3Aw", "us@er:p:w"],
    ["%zz:100%", "%zz:100%"],
    ["user", "user:"],
    [":pass", ":pass"],
  ] as const) {
    it(`sends ${given} of the URL as who it is from`, async () => {
      assert.equal(await send(url.replace("//", `//${given}@`)), undefined);
      assert.equal(came[0]?.headers.authorization, `Basic ${Buffer.from(user).toString("base64")}`);
      assert.equal(came[0].url, "/path?query=1");
    });
  }

  it("shows of a URL where it leads, and nothing that is secret", () => {
    assert.equal(shown("https://user:secret@example.com:8443/a/b?token=x#y"), "https://example.com:8443/a/b");
  });
});
