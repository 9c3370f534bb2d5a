import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import type { Command, CommandResult } from "../../../responder/kubernetes/cluster.ts";
import type { Credential } from "../../../responder/kubernetes/credentials.ts";
import { ApiError, type Failure } from "../../../responder/kubernetes/errors.ts";
import { commandRunner } from "../../../responder/kubernetes/exec.ts";
import { eventually } from "../../support/eventually.ts";
import { fakeApi, json, status, type FakeApi } from "./api.ts";

const [STDOUT, STDERR, STATUS] = [1, 2, 3];
const SUCCESS = { kind: "Status", status: "Success" };
const exitCode = (message: unknown) => ({
  kind: "Status",
  status: "Failure",
  reason: "NonZeroExitCode",
  message: "command terminated with non-zero exit code",
  details: { causes: [{ reason: "ExitCode", message }] },
});

describe("a command in a container", () => {
  let api: FakeApi;
  let sockets: WebSocketServer;
  let talk: (socket: WebSocket, request: IncomingMessage) => void;
  let upgrades: IncomingMessage[];

  beforeEach(async () => {
    upgrades = [];
    api = await fakeApi((_request, response) => {
      json(response, status(400, "BadRequest", "upgrade required"), 400);
    });
    sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => offered.values().next().value ?? false,
    });
  });
  afterEach(() => api.stop());

  /** Opens the stream as the API does. */
  const opens = () => {
    api.upgrade((request, socket, head) => {
      upgrades.push(request);
      sockets.handleUpgrade(request, socket, head, (open) => {
        open.on("error", () => undefined);
        talk(open, request);
      });
    });
  };
  const run = (more: Partial<Command> = {}, credential: Partial<Credential> = {}): Promise<CommandResult> =>
    commandRunner(() =>
      Promise.resolve({ server: api.url, headers: { authorization: "Bearer t" }, tls: {}, ...credential }),
    )({
      namespace: "default",
      pod: "alpine",
      container: "app",
      command: ["sh", "-c", "a,b; c & d"],
      timeout: 20_000,
      limit: 1000,
      ...more,
    });
  const said = (result: CommandResult) => [result.output, result.failure];
  const message = (channel: number, data: string | object = "") =>
    Buffer.concat([Buffer.from([channel]), Buffer.from(typeof data === "string" ? data : JSON.stringify(data))]);
  const speaks = (...messages: (Buffer | string)[]) => {
    opens();
    talk = (socket) => {
      for (const one of messages) socket.send(one);
    };
  };
  const fails = async (failure: Failure, words: RegExp, more: Partial<Command> = {}) => {
    const thrown = await run(more).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(thrown instanceof ApiError, String(thrown));
    assert.equal(thrown.failure, failure, thrown.message);
    assert.match(thrown.message, words);
    return thrown;
  };
  const allClosed = () => eventually("the socket is closed", () => Promise.resolve(api.open() === 0));

  it("is asked for word by word, in that container, as who the responder is", async () => {
    speaks(message(STATUS, SUCCESS));
    await run();
    const [upgrade] = upgrades;
    const url = new URL(upgrade?.url ?? "", api.url);
    assert.equal(url.pathname, "/api/v1/namespaces/default/pods/alpine/exec");
    assert.deepEqual(url.searchParams.getAll("command"), ["sh", "-c", "a,b; c & d"]);
    url.searchParams.delete("command");
    assert.deepEqual(Object.fromEntries(url.searchParams), { container: "app", stdout: "true", stderr: "true" });
    assert.equal(upgrade?.headers["authorization"], "Bearer t");
    assert.equal(upgrade.headers["sec-websocket-protocol"], "v5.channel.k8s.io,v4.channel.k8s.io");
  });

  it("gives what it printed, in the order it came", async () => {
    speaks(message(STDOUT, "a\n"), message(STDERR, "b\n"), message(STDOUT, "größer\n"), message(STATUS, SUCCESS));
    assert.deepEqual(await run(), { output: "a\nb\ngrößer\n", truncated: false });
    await allClosed();
  });

  const endings: [string, object | string, string | undefined][] = [
    ["succeeded", SUCCESS, undefined],
    ["ended with a code", exitCode("137"), "it ended with exit code 137"],
    ["failed without a code", { status: "Failure", message: "no such file" }, "no such file"],
    ["failed in no words", { status: "Failure" }, "it failed, and the API doesn't say why"],
    ["ended with a code that is none", exitCode("1; rm"), "command terminated with non-zero exit code"],
    ["ended with a code that is no text", exitCode({}), "command terminated with non-zero exit code"],
    ["ended in what is not JSON", "{", "how it ended can't be read, and it may still be running"],
    ["ended in nothing", "", "how it ended can't be read, and it may still be running"],
    ["ended in null", "null", "how it ended can't be read, and it may still be running"],
    ["ended in a list", "[]", "how it ended can't be read, and it may still be running"],
    [
      "ended with odd causes",
      { status: "Failure", details: { causes: [null, 1, []] } },
      "it failed, and the API doesn't say why",
    ],
    [
      "ended with odd details",
      { status: "Failure", details: [], message: 7 },
      "it failed, and the API doesn't say why",
    ],
  ];
  for (const [what, end, failure] of endings) {
    it(`that ${what} says so`, async () => {
      speaks(message(STDOUT, "a"), message(STATUS, end));
      assert.deepEqual(said(await run()), ["a", failure]);
    });
  }

  it("that fails in long and hostile words is told in short and plain ones", async () => {
    speaks(message(STATUS, { status: "Failure", message: "\u001b[2J\n".repeat(10_000) }));
    const { failure = "" } = await run();
    assert.ok(Buffer.byteLength(failure) <= 512);
    assert.doesNotMatch(failure, /\p{Cc}/u);
  });

  it("is over with its status, whatever comes after it", async () => {
    speaks(message(STDOUT, "a"), message(STATUS, SUCCESS), message(STDOUT, "b"), message(STATUS, exitCode("1")));
    const { failure } = await run();
    assert.equal(failure, undefined);
    await allClosed();
  });

  it("is not disturbed by empty messages and channels that nobody knows", async () => {
    speaks(
      Buffer.alloc(0),
      message(0, "x"),
      message(4, "x"),
      message(255, "x"),
      message(STDOUT),
      message(STDOUT, "a"),
      message(STATUS, SUCCESS),
    );
    assert.deepEqual(said(await run()), ["a", undefined]);
  });

  it("is read from text frames too", async () => {
    speaks("\u0001a\n", "\u0003" + JSON.stringify(SUCCESS));
    assert.deepEqual(said(await run()), ["a\n", undefined]);
  });

  it("keeps the first bytes of what it prints, to a whole character", async () => {
    speaks(message(STDOUT, "x".repeat(999)), message(STDOUT, "ö".repeat(100)), message(STATUS, SUCCESS));
    const { output, truncated } = await run();
    assert.deepEqual([output, truncated], ["x".repeat(999), true]);
  });

  it("keeps many tiny pieces as one text", async () => {
    opens();
    talk = (socket) => {
      for (let count = 0; count < 20_000; count++) socket.send(message(STDOUT, "x"));
      socket.send(message(STATUS, SUCCESS));
    };
    const { output, truncated, failure } = await run({ limit: 30_000 });
    assert.deepEqual([output.length, truncated, failure], [20_000, false, undefined]);
  });

  for (const [what, flood] of [
    ["prints", message(STDOUT, "x".repeat(1024 * 1024 - 1))],
    ["says on a channel that nobody knows", message(9, "x".repeat(1024 * 1024 - 1))],
  ] as const) {
    it(`that ${what} more than is read is left, and that is said`, async () => {
      opens();
      talk = (socket) => {
        const more = () => {
          if (socket.readyState === socket.OPEN) socket.send(flood, () => setImmediate(more));
        };
        more();
      };
      const { output, failure } = await run();
      assert.ok(output.length <= 1000);
      assert.equal(failure, `it printed more than ${64 * 1024 * 1024} bytes, and may still be running`);
      await allClosed();
    });
  }

  it("that sends a message larger than any is told as a broken stream", async () => {
    speaks(message(STDOUT, "a"), message(STDOUT, "x".repeat(2 * 1024 * 1024)), message(STATUS, SUCCESS));
    const { failure } = await run();
    assert.equal(failure, "the connection broke before it ended, and it may still be running");
    await allClosed();
  });

  for (const [how, close] of [
    [
      "closed",
      (socket: WebSocket) => {
        socket.close(1000);
      },
    ],
    [
      "closed for a reason",
      (socket: WebSocket) => {
        socket.close(1011, "internal error");
      },
    ],
    [
      "cut",
      (socket: WebSocket) => {
        socket.terminate();
      },
    ],
  ] as const) {
    it(`whose stream is ${how} before its status may still be running, and what it printed is kept`, async () => {
      opens();
      talk = (socket) => {
        socket.send(message(STDOUT, "partly"), () => {
          close(socket);
        });
      };
      assert.deepEqual(said(await run()), [
        "partly",
        "the connection broke before it ended, and it may still be running",
      ]);
      await allClosed();
    });
  }

  it("whose stream breaks the protocol is this command's failure, and nobody else's", async () => {
    opens();
    let raw: Socket | undefined;
    talk = (_socket, request) => {
      raw = request.socket;
      // reserved bits, and a frame of no known kind
      raw.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]));
    };
    const { failure } = await run();
    assert.equal(failure, "the connection broke before it ended, and it may still be running");
    await allClosed();
  });

  it("that doesn't end in its time is left, with what it printed", async () => {
    speaks(message(STDOUT, "so far"));
    const { output, failure } = await run({ timeout: 300 });
    assert.deepEqual([output, failure], ["so far", "it had not ended after 0.3 s, and may still be running"]);
    await allClosed();
  });

  it("whose upgrade is never answered was not begun, and leaves no socket", async () => {
    api.upgrade((_request, socket) => hearingItsEnd(socket));
    await fails("time-out", /^no answer within 0\.1 s$/, { timeout: 100 });
    await allClosed();
  });

  it("whose connection is closed unanswered was not begun", async () => {
    api.upgrade((_request, socket) => socket.destroy());
    await fails("unreachable", /socket hang up/);
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
      `${answerOf(500, "")}`.replace("content-length: 0", "content-length: 100000") + "x".repeat(50_000),
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
      api.upgrade((_request, socket) => hearingItsEnd(socket).write(bytes));
      const thrown = await fails(failure, words);
      assert.equal(thrown.code, code);
      if (code === 429) assert.equal(thrown.retryAfter, 5);
      assert.equal(upgrades.length, 0);
      await allClosed();
    });
  }

  it("that can't be asked for, for a token that no header can carry, was not begun", async () => {
    await assert.rejects(
      run({}, { headers: { authorization: "Bearer a\nb" } }),
      (error) => error instanceof ApiError && error.failure === "unreachable",
    );
    assert.equal(api.connections(), 0);
  });

  it("waits where many others run, and gives its place on however it ends", async () => {
    let [now, most] = [0, 0];
    opens();
    talk = (socket) => {
      most = Math.max(most, (now += 1));
      socket.on("close", () => (now -= 1));
      if (upgrades.length % 3 === 0) socket.terminate();
      else socket.send(message(STATUS, upgrades.length % 3 === 1 ? "{" : SUCCESS));
    };
    const runner = commandRunner(() => Promise.resolve({ server: api.url, headers: {}, tls: {} }));
    const command = { namespace: "a", pod: "b", container: "c", command: ["ls"], timeout: 20_000, limit: 10 };
    const results = await Promise.allSettled(Array.from({ length: 40 }, () => runner(command)));
    assert.equal(results.filter((one) => one.status === "fulfilled").length, 40);
    assert.equal(upgrades.length, 40);
    assert.ok(most <= 9, `${most} at once`);
  });
});

/** The server's side of a connection that ends when the other does. */
function hearingItsEnd(socket: Socket): Socket {
  return socket.resume().on("end", () => socket.end());
}

function answerOf(code: number, body: string, headers = ""): string {
  return `HTTP/1.1 ${code} Because\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
