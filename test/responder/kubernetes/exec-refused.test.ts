import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { ApiError, type Failure } from "../../../responder/kubernetes/errors.ts";
import { status } from "./api.ts";
import { ExecStream } from "./exec-stream.ts";

describe("a command in a container that is not begun", () => {
  const stream = new ExecStream();

  it("whose upgrade is never answered was not begun, and leaves no socket", async () => {
    stream.api.upgrade((_request, socket) => hearingItsEnd(socket));
    await stream.fails("time-out", /^no answer within 0\.1 s$/, { timeout: 100 });
    await stream.allClosed();
  });

  it("whose connection is closed unanswered was not begun", async () => {
    stream.api.upgrade((_request, socket) => socket.destroy());
    await stream.fails("unreachable", /socket hang up/);
  });

  const answers: [string, string, Failure, number | undefined, RegExp][] = [
    [
      "403 and a Status",
      answerOf(403, JSON.stringify(status(403, "Forbidden", "no exec for you"))),
      "status",
      403,
      /^no exec for you$/,
    ],
    ["404 and a Status", answerOf(404, JSON.stringify(status(404, "NotFound"))), "status", 404, /NotFound/],
    ["404 and HTML", answerOf(404, "<html></html>"), "not-kubernetes", 404, /HTTP status 404/],
    ["200", answerOf(200, "{}"), "not-kubernetes", 200, /HTTP status 200/],
    ["a redirect", answerOf(302, "", "location: http://127.0.0.1:1/\r\n"), "not-kubernetes", 302, /HTTP status 302/],
    ["429 in plain text", answerOf(429, "slow down", "retry-after: 5\r\n"), "not-kubernetes", 429, /HTTP status 429/],
    [
      "a Status without end",
      answerOf(500, "").replace("content-length: 0", "content-length: 100000") + "x".repeat(50_000),
      "not-kubernetes",
      500,
      /HTTP status 500/,
    ],
    ["no HTTP", "SSH-2.0-OpenSSH_9.6\r\n", "unreachable", undefined, /./],
    [
      "an upgrade to something else",
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: SPDY/3.1\r\nconnection: upgrade\r\n\r\n",
      "unreachable",
      undefined,
      /./,
    ],
    [
      "an upgrade with a wrong key",
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: x\r\n\r\n",
      "unreachable",
      undefined,
      /./,
    ],
  ];
  for (const [what, bytes, failure, code, words] of answers) {
    it(`that the API answers with ${what} was not begun`, async () => {
      stream.api.upgrade((_request, socket) => hearingItsEnd(socket).write(bytes));
      const thrown = await stream.fails(failure, words);
      assert.equal(thrown.code, code);
      if (code === 429) assert.equal(thrown.retryAfter, 5);
      assert.equal(stream.upgrades.length, 0);
      await stream.allClosed();
    });
  }

  it("that can't be asked for, for a token that no header can carry, was not begun", async () => {
    await assert.rejects(
      stream.run({}, { headers: { authorization: "Bearer a\nb" } }),
      (error) => error instanceof ApiError && error.failure === "unreachable",
    );
    assert.equal(stream.api.connections(), 0);
  });
});

/** The server's side of a connection that ends when the other does. */
function hearingItsEnd(socket: Socket): Socket {
  return socket.resume().on("end", () => socket.end());
}

function answerOf(code: number, body: string, headers = ""): string {
  return `HTTP/1.1 ${code} Because\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
