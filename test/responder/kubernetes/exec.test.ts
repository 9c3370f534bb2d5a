import assert from "node:assert/strict";
import type { WebSocket } from "ws";
import type { CommandResult } from "../../../responder/kubernetes/cluster.ts";
import { commandRunner } from "../../../responder/kubernetes/exec.ts";
import { withStreams } from "./streams.ts";

const [STDOUT, STDERR, STATUS] = [1, 2, 3];
const SUCCESS = { kind: "Status", status: "Success" };
const exitCode = (message: unknown) => ({
  kind: "Status",
  status: "Failure",
  reason: "NonZeroExitCode",
  message: "command terminated with non-zero exit code",
  details: { causes: [{ reason: "ExitCode", message }] },
});
const said = (result: CommandResult) => [result.output, result.failure];
const message = (channel: number, data: string | object = "") =>
  Buffer.concat([Buffer.from([channel]), Buffer.from(typeof data === "string" ? data : JSON.stringify(data))]);

describe("a command in a container", () => {
  const stage = withStreams();

  it("is asked for word by word, in that container, as who the responder is", async () => {
    stage.speaks(message(STATUS, SUCCESS));
    await stage.run();
    const [upgrade] = stage.upgrades;
    const url = new URL(upgrade?.url ?? "", stage.api.url);
    assert.equal(url.pathname, "/api/v1/namespaces/default/pods/alpine/exec");
    assert.deepEqual(url.searchParams.getAll("command"), ["sh", "-c", "a,b; c & d"]);
    url.searchParams.delete("command");
    assert.deepEqual(Object.fromEntries(url.searchParams), { container: "app", stdout: "true", stderr: "true" });
    assert.equal(upgrade?.headers["authorization"], "Bearer t");
    assert.equal(upgrade.headers["sec-websocket-protocol"], "v5.channel.k8s.io,v4.channel.k8s.io");
  });

  it("gives what it printed, in the order it came", async () => {
    stage.speaks(message(STDOUT, "a\n"), message(STDERR, "b\n"), message(STDOUT, "größer\n"), message(STATUS, SUCCESS));
    assert.deepEqual(await stage.run(), { output: "a\nb\ngrößer\n", truncated: false });
    await stage.allClosed();
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
      stage.speaks(message(STDOUT, "a"), message(STATUS, end));
      assert.deepEqual(said(await stage.run()), ["a", failure]);
    });
  }

  it("that fails in long and hostile words is told in short and plain ones", async () => {
    stage.speaks(message(STATUS, { status: "Failure", message: "\u001b[2J\n".repeat(10_000) }));
    const { failure = "" } = await stage.run();
    assert.ok(Buffer.byteLength(failure) <= 512);
    assert.doesNotMatch(failure, /\p{Cc}/u);
  });

  it("is over with its status, whatever comes after it", async () => {
    stage.speaks(message(STDOUT, "a"), message(STATUS, SUCCESS), message(STDOUT, "b"), message(STATUS, exitCode("1")));
    const { failure } = await stage.run();
    assert.equal(failure, undefined);
    await stage.allClosed();
  });

  it("is not disturbed by empty messages and channels that nobody knows", async () => {
    stage.speaks(
      Buffer.alloc(0),
      message(0, "x"),
      message(4, "x"),
      message(255, "x"),
      message(STDOUT),
      message(STDOUT, "a"),
      message(STATUS, SUCCESS),
    );
    assert.deepEqual(said(await stage.run()), ["a", undefined]);
  });

  it("is read from text frames too", async () => {
    stage.speaks("\u0001a\n", "\u0003" + JSON.stringify(SUCCESS));
    assert.deepEqual(said(await stage.run()), ["a\n", undefined]);
  });

  it("keeps the first bytes of what it prints, to a whole character", async () => {
    stage.speaks(message(STDOUT, "x".repeat(999)), message(STDOUT, "ö".repeat(100)), message(STATUS, SUCCESS));
    const { output, truncated } = await stage.run();
    assert.deepEqual([output, truncated], ["x".repeat(999), true]);
  });

  it("keeps many tiny pieces as one text", async () => {
    stage.opens((socket) => {
      for (let count = 0; count < 20_000; count++) socket.send(message(STDOUT, "x"));
      socket.send(message(STATUS, SUCCESS));
    });
    const { output, truncated, failure } = await stage.run({ limit: 30_000 });
    assert.deepEqual([output.length, truncated, failure], [20_000, false, undefined]);
  });

  for (const [what, flood] of [
    ["prints", message(STDOUT, "x".repeat(1024 * 1024 - 1))],
    ["says on a channel that nobody knows", message(9, "x".repeat(1024 * 1024 - 1))],
  ] as const) {
    it(`that ${what} more than is read is left, and that is said`, async () => {
      stage.opens((socket) => {
        const more = () => {
          if (socket.readyState === socket.OPEN) socket.send(flood, () => setImmediate(more));
        };
        more();
      });
      const { output, failure } = await stage.run();
      assert.ok(output.length <= 1000);
      assert.equal(failure, `it printed more than ${64 * 1024 * 1024} bytes, and may still be running`);
      await stage.allClosed();
    });
  }

  it("that sends a message larger than any is told as a broken stream", async () => {
    stage.speaks(message(STDOUT, "a"), message(STDOUT, "x".repeat(2 * 1024 * 1024)), message(STATUS, SUCCESS));
    const { failure } = await stage.run();
    assert.equal(failure, "the connection broke before it ended, and it may still be running");
    await stage.allClosed();
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
      stage.opens((socket) => {
        socket.send(message(STDOUT, "partly"), () => {
          close(socket);
        });
      });
      assert.deepEqual(said(await stage.run()), [
        "partly",
        "the connection broke before it ended, and it may still be running",
      ]);
      await stage.allClosed();
    });
  }

  it("whose stream breaks the protocol is this command's failure, and nobody else's", async () => {
    stage.opens((_socket, request) => {
      // reserved bits, and a frame of no known kind
      request.socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]));
    });
    const { failure } = await stage.run();
    assert.equal(failure, "the connection broke before it ended, and it may still be running");
    await stage.allClosed();
  });

  it("that doesn't end in its time is left, with what it printed", async () => {
    stage.speaks(message(STDOUT, "so far"));
    const { output, failure } = await stage.run({ timeout: 300 });
    assert.deepEqual([output, failure], ["so far", "it had not ended after 0.3 s, and may still be running"]);
    await stage.allClosed();
  });

  it("waits where many others run, and gives its place on however it ends", async () => {
    let [now, most] = [0, 0];
    stage.opens((socket) => {
      most = Math.max(most, (now += 1));
      socket.on("close", () => (now -= 1));
      if (stage.upgrades.length % 3 === 0) socket.terminate();
      else socket.send(message(STATUS, stage.upgrades.length % 3 === 1 ? "{" : SUCCESS));
    });
    const runner = commandRunner(() => Promise.resolve({ server: stage.api.url, headers: {}, tls: {} }));
    const command = { namespace: "a", pod: "b", container: "c", command: ["ls"], timeout: 20_000, limit: 10 };
    const results = await Promise.allSettled(Array.from({ length: 40 }, () => runner(command)));
    assert.equal(results.filter((one) => one.status === "fulfilled").length, 40);
    assert.equal(stage.upgrades.length, 40);
    assert.ok(most <= 9, `${most} at once`);
  });
});
