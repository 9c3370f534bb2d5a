import assert from "node:assert/strict";
import { Once } from "../../../responder/engine/once-per-alert.ts";

/** Results that take so many bytes each. */
const sized = (bytes: number) => new Once<{ value: unknown }>(() => bytes);
const gives = (value: unknown) => () => Promise.resolve({ value });

describe("work done once", () => {
  it("is remembered by its key, for as many keys as a Broker could still redeliver", async () => {
    const once = sized(1);
    let done = 0;
    const work = () => Promise.resolve({ value: ++done });
    for (let key = 0; key < 4096; key++) await once.do(String(key), work);
    assert.equal((await once.do("0", work)).first, false);
    assert.equal(done, 4096);
  });

  it("forgets the oldest key, not the newest, so that memory stays bounded", async () => {
    const once = sized(1);
    for (let key = 0; key < 4097; key++) await once.do(String(key), gives(key));
    assert.equal((await once.do("4096", gives(0))).first, false);
    assert.equal((await once.do("0", gives(0))).first, true);
  });

  it("is forgotten sooner where it takes more memory", async () => {
    const once = sized(4 * 1024 * 1024);
    for (const key of ["a", "b", "c", "d"]) await once.do(key, gives(key));
    assert.equal((await once.do("d", gives(0))).first, false);
    assert.equal((await once.do("a", gives(0))).first, true);
  });

  it("is remembered where it takes no memory at all", async () => {
    const once = sized(0);
    await once.do("", gives("yes"));
    assert.deepEqual(await once.do("", gives("no")), { result: { value: "yes" }, first: false });
  });

  it("is waited for by those who ask while it goes on", async () => {
    const once = sized(1);
    const { promise, resolve } = Promise.withResolvers<{ value: unknown }>();
    const asked = [once.do("a", () => promise), once.do("a", gives("another"))];
    resolve({ value: "one" });
    assert.deepEqual(await Promise.all(asked), [
      { result: { value: "one" }, first: true },
      { result: { value: "one" }, first: false },
    ]);
  });

  it("is remembered before anybody hears of it", async () => {
    const once = sized(1);
    const first = once.do("a", gives("one"));
    const second = once.do("a", gives("two")).then(() => once.do("a", gives("three")));
    assert.deepEqual((await second).result, { value: "one" });
    await first;
  });

  for (const [how, failing] of [
    ["is rejected", () => Promise.reject(new Error("no"))],
    [
      "throws at once",
      () => {
        throw new Error("no");
      },
    ],
  ] as const) {
    it(`fails for all who wait when it ${how}, and is done anew by the next`, async () => {
      const once = sized(1);
      const results = await Promise.allSettled([once.do("a", failing), once.do("a", failing)]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["rejected", "rejected"],
      );
      assert.deepEqual(await once.do("a", gives("yes")), { result: { value: "yes" }, first: true });
    });
  }
});
