import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { DeliveryError } from "../../../responder/receiver/cloud-event.ts";
import { serve, type Serving } from "../../../responder/receiver/server.ts";
import { quietly } from "../quietly.ts";

const LIMIT = 1024 * 1024;

describe("the server", () => {
  const logged = quietly();
  let serving: Serving;
  let bodies: Buffer[];
  const start = async (...[tooLarge, requestTimeout]: [("refuse" | "cut")?, number?]) => {
    bodies = [];
    const deliver = (_headers: unknown, body: Buffer) => {
      bodies.push(body);
      const text = body.toString("utf8", 0, 20);
      if (text === "refuse") throw new DeliveryError(400, "no");
      if (text === "defect") throw new TypeError("a bug");
      return Promise.resolve({ status: 200, body: "taken" });
    };
    const asynchronous = async (headers: unknown, body: Buffer) => await deliver(headers, body);
    serving = await serve(asynchronous, { port: 0, metricsPort: 0 }, tooLarge, requestTimeout);
  };
  afterEach(() => serving.stop());

  const url = (path = "/") => `http://127.0.0.1:${serving.port}${path}`;
  const post = async (body: string | ReadableStream) => {
    const init = { method: "POST", body, ...(typeof body !== "string" && { duplex: "half" }) };
    const answer = await fetch(url(), init as RequestInit);
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
  };
  /** A body of unknown length. */
  const chunks = (size: number) =>
    new ReadableStream({
      pull: (controller) => {
        const part = Math.min(size, 64 * 1024);
        size -= part;
        if (part === 0) controller.close();
        else controller.enqueue(new Uint8Array(part).fill(120));
      },
    });
  const open = async (): Promise<Socket> => {
    const socket = connect(serving.port, "127.0.0.1");
    await once(socket, "connect");
    return socket;
  };
  const read = async (socket: Socket): Promise<string> => {
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    await once(socket, "close");
    return text;
  };

  it("hands a delivery on, and its answer back", async () => {
    await start();
    const { status, text } = await post("hello");
    assert.deepEqual([status, text, bodies.join()], [200, "taken", "hello"]);
  });

  it("says that it is alive and ready, counts, and takes nothing but deliveries", async () => {
    await start();
    assert.equal((await fetch(url("/healthz"))).status, 200);
    assert.equal((await fetch(url("/readyz?x"))).status, 200);
    const other = await fetch(url("/"), { method: "PUT", body: "x" });
    assert.deepEqual([other.status, other.headers.get("allow")], [405, "POST"]);
    const metrics = await fetch(`http://127.0.0.1:${serving.metricsPort}/metrics`);
    assert.match(await metrics.text(), /response_engine_alerts_total/);
    assert.equal((await fetch(`http://127.0.0.1:${serving.metricsPort}/other`)).status, 404);
  });

  it("tells a refusal from a fault of its own, whose stack is in the log alone", async () => {
    await start();
    assert.equal((await post("refuse")).status, 400);
    const { status, text } = await post("defect");
    assert.equal(status, 500);
    assert.doesNotMatch(text, /bug/);
    assert.match(logged.at(-1) ?? "", /"failed".*TypeError: a bug/);
  });

  for (const [what, body] of [
    ["of a known length", () => "x".repeat(LIMIT + 1)],
    ["in chunks", () => chunks(LIMIT + 1)],
    ["far larger, in chunks", () => chunks(20 * LIMIT)],
  ] as const) {
    it(`answers 413 to a body that is too large (${what}), and then goes on as before`, async () => {
      await start();
      for (let times = 0; times < 3; times++) {
        const { status, headers } = await post(body());
        assert.deepEqual([status, headers.get("content-type")], [413, "application/problem+json"]);
        assert.equal((await post("next")).text, "taken");
      }
      assert.deepEqual(bodies.map(String), ["next", "next", "next"]);
    });
  }

  it("takes the next alert on the very connection that brought one too large", async () => {
    await start();
    const socket = await open();
    const all = read(socket);
    socket.write("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    socket.write(`${(LIMIT + 1).toString(16)}\r\n${"x".repeat(LIMIT + 1)}\r\n0\r\n\r\n`);
    socket.write("POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 4\r\n\r\nnext");
    const text = await all;
    assert.match(text, /^HTTP\/1\.1 413 .*HTTP\/1\.1 200 OK.*taken\r\n0\r\n\r\n$/s);
    assert.deepEqual(bodies.map(String), ["next"]);
  });

  it("takes a body of just the limit", async () => {
    await start();
    assert.equal((await post(chunks(LIMIT))).status, 200);
    assert.equal(bodies[0]?.length, LIMIT);
  });

  it("takes the start of what is too large, where it is told to", async () => {
    await start("cut");
    for (const body of ["x".repeat(3 * LIMIT), chunks(3 * LIMIT)]) assert.equal((await post(body)).status, 200);
    assert.deepEqual(
      bodies.map(({ length }) => length),
      [LIMIT, LIMIT],
    );
  });

  it("has nothing to say to who hangs up in the middle, and nothing of it in the log", async () => {
    await start();
    for (const head of ["content-length: 100", "transfer-encoding: chunked"]) {
      const socket = await open();
      socket.write(`POST / HTTP/1.1\r\nhost: a\r\n${head}\r\n\r\n5\r\nhello\r\n`);
      socket.destroy();
    }
    assert.equal((await post("next")).status, 200);
    await serving.stop();
    assert.deepEqual(bodies.map(String), ["next"]);
    assert.ok(!logged.some((line) => /aborted|failed/.test(line)), logged.join(""));
  });

  it("waits for no request longer than it may take to arrive", async () => {
    await start("refuse", 200);
    for (const part of ["POST / HT", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhello"]) {
      const socket = await open();
      const all = read(socket);
      socket.write(part);
      assert.match(await all, /^(HTTP\/1\.1 408 .*)?$/s);
    }
    assert.deepEqual(bodies, []);
    assert.ok(!logged.some((line) => line.includes('"failed"')));
  });

  it("stops though a request never arrives whole", async () => {
    await start("refuse", 300);
    for (const part of ["POST / HT", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhello"]) {
      const socket = await open();
      socket.on("error", () => undefined).write(part);
    }
    assert.equal((await post("next")).status, 200);
    await serving.stop();
  });

  it("finishes what is in flight before it stops, and takes no more", async () => {
    const going = Promise.withResolvers<undefined>();
    const arrived = Promise.withResolvers<undefined>();
    serving = await serve(
      async () => {
        arrived.resolve(undefined);
        await going.promise;
        return { status: 200, body: "done" };
      },
      { port: 0, metricsPort: 0 },
    );
    const answer = post("slow");
    await arrived.promise;
    const stopped = serving.stop();
    await assert.rejects(fetch(url()));
    going.resolve(undefined);
    const { status, text, headers } = await answer;
    assert.deepEqual([status, text, headers.get("connection")], [200, "done", "close"]);
    await stopped;
    assert.equal(process.listenerCount("SIGTERM"), 0);
  });
});
