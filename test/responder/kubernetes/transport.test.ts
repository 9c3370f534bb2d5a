import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ApiError, type Failure } from "../../../responder/kubernetes/errors.ts";
import { transport, type ApiRequest } from "../../../responder/kubernetes/transport.ts";
import { eventually } from "../../support/eventually.ts";
import { fakeApi, json, status, type FakeApi } from "./api.ts";

const GET: ApiRequest = { method: "GET", path: "/api/v1/nodes/a?x=y" };
const POD = { kind: "Pod", metadata: { name: "alpine" } };

describe("a request to the API", () => {
  let api: FakeApi;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const send = (asked: ApiRequest = GET, timeout = 20_000) =>
    transport(
      () => Promise.resolve({ server: api.url, headers: { authorization: "Bearer t" }, tls: {} }),
      timeout,
    )(asked);
  const fails = async (failure: Failure, message: RegExp, asked = GET, timeout?: number) => {
    let thrown: unknown;
    await send(asked, timeout).catch((error: unknown) => (thrown = error));
    assert.ok(thrown instanceof ApiError, String(thrown));
    assert.equal(thrown.failure, failure, thrown.message);
    assert.match(thrown.message, message);
    return thrown;
  };

  beforeEach(async () => {
    api = await fakeApi((request, response) => {
      answer(request, response);
    });
    answer = (_request, response) => {
      json(response, POD);
    };
  });
  afterEach(() => api.stop());

  it("gives the text of a 2xx answer", async () => {
    assert.deepEqual(JSON.parse(await send()), POD);
    assert.equal(api.asked[0]?.url, GET.path);
    assert.equal(api.asked[0].headers["authorization"], "Bearer t");
    assert.equal(api.asked[0].headers["accept"], "application/json");
  });

  it("keeps the path that the server's address has", async () => {
    api.url.pathname = "/clusters/one/";
    await send();
    assert.equal(api.asked[0]?.url, "/clusters/one/api/v1/nodes/a?x=y");
  });

  it("says what it sends, and of a patch which kind", async () => {
    await send({ method: "POST", path: "/a", body: { name: "größer" } });
    await send({ method: "PATCH", path: "/a", body: { a: null } });
    await send({ method: "DELETE", path: "/a", body: { preconditions: { uid: "u" } } });
    assert.deepEqual(
      api.asked.map(({ method, headers, body }) => [method, headers["content-type"], body]),
      [
        ["POST", "application/json", '{"name":"größer"}'],
        ["PATCH", "application/merge-patch+json", '{"a":null}'],
        ["DELETE", "application/json", '{"preconditions":{"uid":"u"}}'],
      ],
    );
  });

  for (const code of [301, 302, 303, 307, 308]) {
    it(`follows no redirect (${code})`, async () => {
      answer = (_request, response) => response.writeHead(code, { location: `${api.url.href}elsewhere` }).end();
      assert.equal((await fails("not-kubernetes", new RegExp(`HTTP status ${code}`))).code, code);
      assert.equal(api.asked.length, 1);
    });
  }

  it("tells a 404 of the API's from one of a proxy's", async () => {
    answer = (_request, response) => {
      json(response, status(404, "NotFound"), 404);
    };
    assert.equal((await fails("status", /NotFound/)).reason, "NotFound");
    answer = (_request, response) => response.writeHead(404, { "content-type": "text/html" }).end("<html></html>");
    await fails("not-kubernetes", /HTTP status 404/);
  });

  it("hears how long it is to wait, though in plain text", async () => {
    answer = (_request, response) => response.writeHead(429, { "retry-after": "3" }).end("Too many requests.\n");
    const { code, retryAfter } = await fails("not-kubernetes", /HTTP status 429/);
    assert.deepEqual([code, retryAfter], [429, 3]);
  });

  it("reads no more of an answer than its limit", async () => {
    answer = (_request, response) => {
      response.writeHead(200);
      const more = () => {
        if (!response.destroyed) response.write("x".repeat(64 * 1024), () => setImmediate(more));
      };
      more();
    };
    await fails("broken", /larger than 100000 bytes/, { ...GET, limit: 100_000 });
    await eventually("the connection is closed", () => Promise.resolve(api.open() === 0));
  });

  it("takes an answer of just its limit", async () => {
    answer = (_request, response) => response.end("x".repeat(1000));
    assert.equal((await send({ ...GET, limit: 1000 })).length, 1000);
    await fails("broken", /larger than 999 bytes/, { ...GET, limit: 999 });
  });

  it("reads no more than the start of an error's answer, and its status counts where it is the API's", async () => {
    answer = (_request, response) => {
      json(response, status(403, "Forbidden", "x".repeat(1024 * 1024)), 403);
    };
    assert.equal((await fails("status", /HTTP status 403, and more words than are read/)).code, 403);
    answer = (_request, response) => response.writeHead(403).end("<html>".repeat(100_000));
    await fails("not-kubernetes", /HTTP status 403/);
  });

  for (const [what, headers] of [
    ["a known length", { "content-length": "1000" }],
    ["chunks", {}],
  ] as const) {
    it(`that is answered in part (${what}) is broken`, async () => {
      answer = (_request, response) => {
        response.writeHead(200, headers).write('{"kind":"Pod"}', () => response.destroy());
      };
      await fails("broken", /broke off/);
    });
  }

  it("that is never answered times out, in words", async () => {
    answer = () => undefined;
    await fails("time-out", /^no answer within 0\.05 s$/, GET, 50);
    await eventually("the connection is closed", () => Promise.resolve(api.open() === 0));
  });

  it("whose answer never ends times out", async () => {
    answer = (_request, response) => response.writeHead(200).write("{");
    await fails("time-out", /^no answer within 0\.05 s$/, GET, 50);
    await eventually("the connection is closed", () => Promise.resolve(api.open() === 0));
  });

  it("that is closed unanswered finds the API unreachable", async () => {
    answer = (request) => request.socket.destroy();
    await fails("unreachable", /socket hang up/);
    assert.equal(api.asked.length, 1, "over a connection of its own it may have arrived: it isn't sent twice");
  });

  it("finds nobody there", async () => {
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    api.url.port = String((free.address() as AddressInfo).port);
    await new Promise((closed) => free.close(closed));
    await fails("unreachable", /ECONNREFUSED/);
  });

  it("that can't be written, for a token that no header can carry, is not sent", async () => {
    const odd = transport(
      () => Promise.resolve({ server: api.url, headers: { authorization: "Bearer a\nb" }, tls: {} }),
      1000,
    );
    await assert.rejects(odd(GET), (error) => error instanceof ApiError && error.failure === "unreachable");
    assert.deepEqual(api.asked, []);
  });

  it("goes over a connection that is kept, and over a new one where the API closes those just then", async () => {
    const both = transport(() => Promise.resolve({ server: api.url, headers: {}, tls: {} }), 20_000);
    const waiting: ServerResponse[] = [];
    answer = (_request, response) => {
      waiting.push(response);
      if (waiting.length === 3) for (const one of waiting) json(one, POD);
    };
    await Promise.all([both(GET), both(GET), both(GET)]);
    assert.equal(api.connections(), 3);
    const fresh = new Set<unknown>();
    answer = (request, response) => {
      // each of the kept ones is closed as it is used
      if (api.connections() === 3) return request.socket.destroy();
      fresh.add(request.socket);
      json(response, POD);
      return undefined;
    };
    assert.deepEqual(JSON.parse(await both(GET)), POD);
    assert.equal(api.asked.length, 5);
    assert.equal(fresh.size, 1);
  });

  it("keeps no process alive by the connections it keeps", async () => {
    const file = new URL("../../../responder/kubernetes/transport.ts", import.meta.url).href;
    const program = `
      const { transport } = await import(${JSON.stringify(file)});
      const server = new URL(${JSON.stringify(api.url.href)});
      await transport(async () => ({ server, headers: {}, tls: {} }), 10000)({ method: "GET", path: "/" });
    `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "ignore" });
    const [code] = (await once(child, "exit")) as [number | null];
    assert.equal(code, 0);
    assert.equal(api.asked.length, 1);
  });
});
