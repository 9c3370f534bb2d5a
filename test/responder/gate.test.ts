import assert from "node:assert/strict";
import { Gate } from "../../responder/gate.ts";

const turns = async () => {
  await new Promise((turn) => setImmediate(turn));
};

describe("a gate", () => {
  it("lets so many in at the same time, and all of them in the end, in their order", async () => {
    const gate = new Gate(3);
    let [now, most] = [0, 0];
    const order: number[] = [];
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        gate.run(async () => {
          order.push(index);
          most = Math.max(most, (now += 1));
          await turns();
          now -= 1;
          return index;
        }),
      ),
    );
    assert.equal(most, 3);
    assert.deepEqual(order, [...results.keys()]);
    assert.deepEqual(results, order);
  });

  for (const [how, fail] of [
    ["is rejected", () => Promise.reject(new Error("no"))],
    [
      "throws at once",
      () => {
        throw new Error("no");
      },
    ],
  ] as const) {
    it(`gives the place of work that ${how} to the next`, async () => {
      const gate = new Gate(1);
      const results = await Promise.allSettled([gate.run(fail), gate.run(() => Promise.resolve(1)), gate.run(fail)]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["rejected", "fulfilled", "rejected"],
      );
      assert.equal(await gate.run(() => Promise.resolve(2)), 2);
    });
  }

  it("lets nobody past those who wait", async () => {
    const gate = new Gate(1);
    const order: string[] = [];
    const first = gate.run(async () => {
      await turns();
      order.push("first");
    });
    const second = gate.run(() => Promise.resolve(order.push("second")));
    await first;
    const third = gate.run(() => Promise.resolve(order.push("third")));
    await Promise.all([second, third]);
    assert.deepEqual(order, ["first", "second", "third"]);
  });
});
