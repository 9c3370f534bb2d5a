import assert from "node:assert/strict";
import { Once } from "../../../responder/engine/once-per-alert.ts";

describe("work done once", () => {
  it("is remembered by its key, for as many keys as a Broker could still redeliver", async () => {
    const once = new Once<number>();
    let done = 0;
    const work = () => Promise.resolve(++done);
    for (let key = 0; key < 4096; key++) await once.do(String(key), work);
    assert.equal((await once.do("0", work)).first, false);
    assert.equal(done, 4096);
  });

  it("forgets the oldest key, not the newest, so that memory stays bounded", async () => {
    const once = new Once<number>();
    const work = () => Promise.resolve(0);
    for (let key = 0; key < 4097; key++) await once.do(String(key), work);
    assert.equal((await once.do("4096", work)).first, false);
    assert.equal((await once.do("0", work)).first, true);
  });

  it("fails for all who wait when it throws, and is done anew by the next", async () => {
    const once = new Once<string>();
    const failing = () => Promise.reject(new Error("no"));
    const results = await Promise.allSettled([once.do("a", failing), once.do("a", failing)]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["rejected", "rejected"],
    );
    assert.deepEqual(await once.do("a", () => Promise.resolve("yes")), { result: "yes", first: true });
  });
});
