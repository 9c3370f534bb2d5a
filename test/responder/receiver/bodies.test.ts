import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { Bodies, BusyError, HungUpError } from "../../../responder/receiver/bodies.ts";
import { DeliveryError } from "../../../responder/receiver/cloud-event.ts";

const MIB = 1024 * 1024;

function request(
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
  headers: Record<string, string> = {},
): IncomingMessage {
  return Object.assign(Readable.from(chunks), { headers }) as unknown as IncomingMessage;
}
const keep = (body: Buffer) => Promise.resolve(body);

describe("the bodies of requests", () => {
  it("are read whole", async () => {
    const bodies = new Bodies("refuse");
    const body = await bodies.read(request([Buffer.from("a"), Buffer.alloc(0), Buffer.from("b")]), keep);
    assert.equal(body.toString(), "ab");
    assert.equal((await bodies.read(request([]), keep)).length, 0);
  });

  it("are held as long as they are worked on, and no longer, however that ends", async () => {
    const bodies = new Bodies("refuse");
    await bodies.read(request([Buffer.alloc(10)]), () => {
      assert.equal(bodies.held, 10);
      return Promise.resolve();
    });
    assert.equal(bodies.held, 0);
    await assert.rejects(bodies.read(request([Buffer.alloc(10)]), () => Promise.reject(new Error("no"))));
    assert.equal(bodies.held, 0);
  });

  for (const [what, headers] of [
    ["by what it says", { "content-length": String(MIB + 1) }],
    ["by what comes", {}],
  ] as const) {
    it(`that are too large, ${what}, are read to their end and not kept`, async () => {
      const bodies = new Bodies("refuse");
      let read = 0;
      const chunks = (function* () {
        for (; read < 100; read++) {
          yield Buffer.alloc(MIB / 2);
          assert.ok(bodies.held <= MIB);
        }
      })();
      await assert.rejects(
        bodies.read(request(chunks, headers), () => assert.fail("used")),
        (error) => error instanceof DeliveryError && error.status === 413,
      );
      assert.equal(read, 100);
      assert.equal(bodies.held, 0);
    });
  }

  it("that are too large are cut, where that is wanted", async () => {
    const bodies = new Bodies("cut");
    const chunks = [Buffer.alloc(MIB - 1, "a"), Buffer.alloc(MIB, "b"), Buffer.alloc(MIB, "c")];
    const body = await bodies.read(request(chunks, { "content-length": "3145727" }), keep);
    assert.equal(body.length, MIB);
    assert.equal(body.subarray(-2).toString(), "ab");
    assert.equal(bodies.held, 0);
  });

  it("that break off are nobody's, and nothing of them is held", async () => {
    const bodies = new Bodies("refuse");
    const chunks = (async function* () {
      yield Buffer.alloc(1000);
      await Promise.resolve();
      throw Object.assign(new Error("aborted"), { code: "ECONNRESET" });
    })();
    await assert.rejects(
      bodies.read(request(chunks), () => assert.fail("used")),
      HungUpError,
    );
    assert.equal(bodies.held, 0);
  });

  it("are asked to come again where there are too many at once, until there is room", async () => {
    const bodies = new Bodies("refuse");
    const hold = Promise.withResolvers<undefined>();
    const held = Array.from({ length: 8 }, () => bodies.read(request([Buffer.alloc(MIB)]), () => hold.promise));
    const more = () => bodies.read(request([Buffer.alloc(1)]), keep);
    await Promise.resolve();
    while (bodies.held < 8 * MIB) await new Promise((turn) => setImmediate(turn));
    await assert.rejects(more(), BusyError);
    assert.equal(bodies.held, 8 * MIB);
    hold.resolve(undefined);
    await Promise.all(held);
    assert.equal(bodies.held, 0);
    assert.equal((await more()).length, 1);
  });
});
