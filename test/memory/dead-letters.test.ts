import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inRounds, many, withBounded } from "./bounded.ts";

const MIB = 1024 * 1024;

describe("the dead letter service's memory, in its pod", function () {
  this.timeout(10 * 60_000);

  let falcosidekick: Server;
  const env: Record<string, string> = {};
  before(async () => {
    falcosidekick = createServer((request, response) => {
      request.resume().on("end", () => response.end());
    }).listen(0, "127.0.0.1");
    await once(falcosidekick, "listening");
    env["FALCOSIDEKICK_URL"] = `http://127.0.0.1:${(falcosidekick.address() as AddressInfo).port}`;
  });
  after(async () => {
    falcosidekick.closeAllConnections();
    await new Promise((closed) => falcosidekick.close(closed));
  });
  const bounded = withBounded(() => undefined, { args: ["dead-letter"], env });

  it("holds where 50 letters of 4 MB come at once, and takes one after them", async () => {
    const letter = Buffer.alloc(4 * MIB, "x");
    await inRounds(
      bounded,
      () =>
        many(50, 50, async () => {
          // who is told to come again while it is still sending may find the connection closed, and comes again
          const answer = await bounded.deliver(letter).catch(() => undefined);
          await answer?.text();
          assert.ok([204, 503, undefined].includes(answer?.status), `${answer?.status ?? ""}`);
        }),
      204,
    );
  });
});
