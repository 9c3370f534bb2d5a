import assert from "node:assert/strict";
import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { CommandResult } from "../../../responder/kubernetes/cluster.ts";
import { commandRunner } from "../../../responder/kubernetes/exec.ts";
import { ExecStream, message, STATUS, STDERR, STDOUT, SUCCESS } from "./exec-stream.ts";

const exitCode = (message: unknown) => ({
  kind: "Status",
  status: "Failure",
  reason: "NonZeroExitCode",
  message: "command terminated with non-zero exit code",
  details: { causes: [{ reason: "ExitCode", message }] },
});

const said = (result: CommandResult) => [result.output, result.failure];

describe("a command in a container", () => {
  const stream = new ExecStream();

  it("is asked for word by word, in that container, as who the responder is", async () => {
    stream.speaks(message(STATUS, SUCCESS));
    await stream.run();
    const [upgrade] = stream.upgrades;
    const url = new URL(upgrade?.url ?? "", stream.api.url);
    assert.equal(url.pathname, "/api/v1/namespaces/default/pods/alpine/exec");
    assert.deepEqual(url.searchParams.getAll("command"), ["sh", "-c", "a,b; c & d"]);
    url.searchParams.delete("command");
    assert.deepEqual(Object.fromEntries(url.searchParams), { container: "app", stdout: "true", stderr: "true" });
    assert.equal(upgrade?.headers["authorization"], "Bearer t");
    assert.equal(upgrade.headers["sec-websocket-protocol"], "v5.channel.k8s.io,v4.channel.k8s.io");
  });

  it("gives what it printed, in the order it came", async () => {
    stream.speaks(
      message(STDOUT, "a\n"),
      message(STDERR, "b\n"),
      message(STDOUT, "größer\n"),
      message(STATUS, SUCCESS),
    );
    assert.deepEqual(await stream.run(), { output: "a\nb\ngrößer\n", truncated: false });
    await stream.allClosed();
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
      stream.speaks(message(STDOUT, "a"), message(STATUS, end));
      assert.deepEqual(said(await stream.run()), ["a", failure]);
    });
  }

  it("that fails in long and hostile words is told in short and plain ones", async () => {
    stream.speaks(message(STATUS, { status: "Failure", message: "\u001b[2J\n".repeat(10_000) }));
    const { failure = "" } = await stream.run();
    assert.ok(Buffer.byteLength(failure) <= 512);
    assert.doesNotMatch(failure, /\p{Cc}/u);
  });

  it("is over with its status, whatever comes after it", async () => {
    stream.speaks(message(STDOUT, "a"), message(STATUS, SUCCESS), message(STDOUT, "b"), message(STATUS, exitCode("1")));
    const { failure } = await stream.run();
    assert.equal(failure, undefined);
    await stream.allClosed();
  });

  it("is not disturbed by empty messages and channels that nobody knows", async () => {
    stream.speaks(
      Buffer.alloc(0),
      message(0, "x"),
      message(4, "x"),
      message(255, "x"),
      message(STDOUT),
      message(STDOUT, "a"),
      message(STATUS, SUCCESS),
    );
    assert.deepEqual(said(await stream.run()), ["a", undefined]);
  });

  it("is read from text frames too", async () => {
    stream.speaks("\u0001a\n", "\u0003" + JSON.stringify(SUCCESS));
    assert.deepEqual(said(await stream.run()), ["a\n", undefined]);
  });

  it("keeps the first bytes of what it prints, to a whole character", async () => {
    stream.speaks(message(STDOUT, "x".repeat(999)), message(STDOUT, "ö".repeat(100)), message(STATUS, SUCCESS));
    const { output, truncated } = await stream.run();
    assert.deepEqual([output, truncated], ["x".repeat(999), true]);
  });

  it("keeps many tiny pieces as one text", async () => {
    stream.opens();
    stream.talk = (socket) => {
      for (let count = 0; count < 20_000; count++) socket.send(message(STDOUT, "x"));
      socket.send(message(STATUS, SUCCESS));
    };
    const { output, truncated, failure } = await stream.run({ limit: 30_000 });
    assert.deepEqual([output.length, truncated, failure], [20_000, false, undefined]);
  });

  for (const [what, flood] of [
    ["prints", message(STDOUT, "x".repeat(1024 * 1024 - 1))],
    ["says on a channel that nobody knows", message(9, "x".repeat(1024 * 1024 - 1))],
  ] as const) {
    it(`that ${what} more than is read is left, and that is said`, async () => {
      stream.opens();
      stream.talk = (socket) => {
        const more = () => {
          if (socket.readyState === socket.OPEN) socket.send(flood, () => setImmediate(more));
        };
        more();
      };
      const { output, failure } = await stream.run();
      assert.ok(output.length <= 1000);
      assert.equal(failure, `it printed more than ${64 * 1024 * 1024} bytes, and may still be running`);
      await stream.allClosed();
    });
  }

  it("that sends a message larger than any is told as a broken stream", async () => {
    stream.speaks(message(STDOUT, "a"), message(STDOUT, "x".repeat(2 * 1024 * 1024)), message(STATUS, SUCCESS));
    const { failure } = await stream.run();
    assert.equal(failure, "the connection broke before it ended, and it may still be running");
    await stream.allClosed();
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
      stream.opens();
      stream.talk = (socket) => {
        socket.send(message(STDOUT, "partly"), () => {
          close(socket);
        });
      };
      assert.deepEqual(said(await stream.run()), [
        "partly",
        "the connection broke before it ended, and it may still be running",
      ]);
      await stream.allClosed();
    });
  }

  it("whose stream breaks the protocol is this command's failure, and nobody else's", async () => {
    stream.opens();
    let raw: Socket | undefined;
    stream.talk = (_socket, request) => {
      raw = request.socket;
      // reserved bits, and a frame of no known kind
      raw.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]));
    };
    const { failure } = await stream.run();
    assert.equal(failure, "the connection broke before it ended, and it may still be running");
    await stream.allClosed();
  });

  it("that doesn't end in its time is left, with what it printed", async () => {
    stream.speaks(message(STDOUT, "so far"));
    const { output, failure } = await stream.run({ timeout: 2000 });
    assert.deepEqual([output, failure], ["so far", "it had not ended after 2 s, and may still be running"]);
    await stream.allClosed();
  });

  it("waits where many others run, and gives its place on however it ends", async () => {
    let [now, most] = [0, 0];
    stream.opens();
    stream.talk = (socket) => {
      most = Math.max(most, (now += 1));
      socket.on("close", () => (now -= 1));
      if (stream.upgrades.length % 3 === 0) socket.terminate();
      else socket.send(message(STATUS, stream.upgrades.length % 3 === 1 ? "{" : SUCCESS));
    };
    const runner = commandRunner(() => Promise.resolve({ server: stream.api.url, headers: {}, tls: {} }));
    const command = { namespace: "a", pod: "b", container: "c", command: ["ls"], timeout: 20_000, limit: 10 };
    const results = await Promise.allSettled(Array.from({ length: 40 }, () => runner(command)));
    assert.equal(results.filter((one) => one.status === "fulfilled").length, 40);
    assert.equal(stream.upgrades.length, 40);
    assert.ok(most <= 9, `${most} at once`);
  });
});
