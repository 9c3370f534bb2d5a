import assert from "node:assert/strict";
import { ResponseCounter, type Scopes } from "../../../responder/engine/response-limits.ts";
import { NotAllowed, rateOf, rates, type Rates } from "../../../responder/formats.ts";
import { LIMITS } from "../../../responder/limits.ts";

const NONE: Rates = { workload: "0", namespace: "0", node: "0", total: "0" };
const NOW = Date.parse("2026-11-23T16:00:00Z");
const WEB: Scopes = { workload: "shop/Deployment/web", namespace: "shop", node: "node-1" };

describe("a counter of disruptive actions", () => {
  it("holds what goes beyond a limit, says how much is used, and when it opens", () => {
    const counter = new ResponseCounter({ ...NONE, workload: "2/600" });
    counter.count(WEB, NOW);
    assert.equal(counter.held(WEB, NOW + 1000), undefined);
    counter.count(WEB, NOW + 1000);
    assert.deepEqual(counter.held(WEB, NOW + 2000), {
      scope: "workload",
      name: "shop/Deployment/web",
      rate: { count: 2, seconds: 600 },
      used: 2,
      opens: NOW + 600_000,
    });
  });

  it("lets in again exactly when the oldest is out of the window", () => {
    const counter = new ResponseCounter({ ...NONE, total: "1/10" });
    counter.count({}, NOW);
    assert.equal(counter.held({}, NOW + 9999)?.opens, NOW + 10_000);
    assert.equal(counter.held({}, NOW + 10_000), undefined);
  });

  for (const [scope, other] of [
    ["workload", { ...WEB, workload: "shop/Deployment/cart" }],
    ["namespace", { ...WEB, namespace: "bank" }],
    ["node", { ...WEB, node: "node-2" }],
  ] as const) {
    it(`counts each ${scope} by itself`, () => {
      const counter = new ResponseCounter({ ...NONE, [scope]: "1/600" });
      counter.count(WEB, NOW);
      assert.equal(counter.held(WEB, NOW)?.scope, scope);
      assert.equal(counter.held(other, NOW), undefined);
    });
  }

  it("names, of several limits that are used up, the one that opens last", () => {
    const counter = new ResponseCounter({ workload: "1/60", namespace: "1/600", node: "0", total: "1/300" });
    counter.count(WEB, NOW);
    assert.equal(counter.held(WEB, NOW)?.scope, "namespace");
  });

  it("counts what weighs more as many, and holds it where there isn't room for all of it", () => {
    const counter = new ResponseCounter({ ...NONE, total: "12/600" });
    counter.count({}, NOW);
    counter.count({}, NOW + 1000, 10);
    assert.equal(counter.held({}, NOW + 2000), undefined);
    assert.deepEqual(counter.held({}, NOW + 2000, 2)?.opens, NOW + 600_000);
    assert.deepEqual(counter.held({}, NOW + 2000, 10)?.opens, NOW + 601_000);
  });

  it("lets in alone what weighs more than a limit counts", () => {
    const counter = new ResponseCounter({ ...NONE, total: "5/600" });
    assert.equal(counter.held({}, NOW, 10), undefined);
    counter.count({}, NOW, 10);
    assert.equal(counter.held({}, NOW)?.used, 5);
  });

  it("takes back what was counted for nothing", () => {
    const counter = new ResponseCounter({ ...NONE, total: "3/600", node: "3/600" });
    counter.count(WEB, NOW, 2);
    counter.count(WEB, NOW + 1);
    counter.takeBack(WEB, NOW, 2);
    assert.equal(counter.held(WEB, NOW + 2, 3)?.used, 1);
  });

  it("does not let one from the far future hold for ever, nor a clock that is a little ahead go uncounted", () => {
    const counter = new ResponseCounter({ ...NONE, total: "1/600" });
    counter.count({}, NOW + 3_600_000);
    assert.equal(counter.held({}, NOW), undefined);
    counter.count({}, NOW + 5000);
    assert.equal(counter.held({}, NOW)?.used, 1);
  });

  it("holds nothing where there are no limits", () => {
    const counter = new ResponseCounter(NONE);
    for (let i = 0; i < 10_000; i++) counter.count(WEB, NOW);
    assert.equal(counter.held(WEB, NOW), undefined);
    assert.equal(counter.room("workload", "shop/", NOW), Infinity);
  });

  it("keeps a bounded number of names, and of each no more than its limit counts", () => {
    const counter = new ResponseCounter({ ...NONE, workload: "2/600" });
    for (let i = 0; i < LIMITS.counted + 1000; i++) counter.count({ workload: `shop/Pod/p-${i}` }, NOW);
    counter.count(WEB, NOW, 1000);
    assert.equal(counter.held(WEB, NOW)?.used, 2);
    assert.equal(counter.held({ workload: "shop/Pod/p-0" }, NOW, 2), undefined);
    assert.equal(counter.held({ workload: `shop/Pod/p-${LIMITS.counted}` }, NOW, 2)?.used, 1);
  });

  it("knows the room of the fullest name among those that start alike", () => {
    const counter = new ResponseCounter({ ...NONE, workload: "3/600", node: "3/600" });
    counter.count(WEB, NOW, 2);
    counter.count({ workload: "shop/Deployment/cart", node: "node-2" }, NOW);
    assert.equal(counter.room("workload", "shop/", NOW), 1);
    assert.equal(counter.room("workload", "shop/Deployment/cart", NOW), 2);
    assert.equal(counter.room("workload", "bank/", NOW), 3);
    assert.equal(counter.room("node", undefined, NOW), 1);
  });
});

describe("the format of limits", () => {
  const format = rates({ workload: "10/600", namespace: "20/600", node: "20/600", total: "50/600" });

  it("keeps the defaults of what isn't given, and takes 0 for none", () => {
    assert.deepEqual(format.read({ workload: "3/60", total: 0 }), {
      workload: "3/60",
      namespace: "20/600",
      node: "20/600",
      total: "0",
    });
    assert.equal(rateOf("0"), "none");
    assert.deepEqual(rateOf("3/60"), { count: 3, seconds: 60 });
  });

  for (const wrong of [
    { pod: "1/2" },
    { total: "0/60" },
    { total: "1/0" },
    { total: "10001/60" },
    { total: "1/3601" },
    { total: "" },
    { total: null },
    { total: "5 per minute" },
    { total: { count: 1 } },
    [],
    "5/60",
  ]) {
    it(`refuses ${JSON.stringify(wrong)}, and says what is allowed`, () => {
      assert.throws(
        () => format.read(wrong),
        (error) => error instanceof NotAllowed && /COUNT\/SECONDS/.test(error.message),
      );
    });
  }
});
