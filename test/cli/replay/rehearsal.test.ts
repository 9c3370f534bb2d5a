import assert from "node:assert/strict";
import { Rehearsal } from "../../../cli/replay/rehearsal.ts";
import { sinceOf } from "../../../cli/replay/replay.ts";
import { reportOf } from "../../../cli/replay/report.ts";
import { Tally } from "../../../cli/replay/tally.ts";
import type { Rates } from "../../../responder/formats.ts";
import { alert, rules, TERMINATE } from "../../responder/fixtures.ts";

const NONE: Rates = { workload: "0", namespace: "0", node: "0", total: "0" };
const START = Date.parse("2026-11-23T16:00:00Z");

function rehearsal(limits: Partial<Rates> = {}, yaml = TERMINATE) {
  const options = { limits: { ...NONE, ...limits }, protectedNamespaces: ["kube-system"], deduplicationSeconds: 60 };
  const rehearsed = new Rehearsal(rules(yaml), options);
  let uuid = 0;
  return {
    /** An alert of a pod, so many seconds after the start. */
    take: (pod: string, seconds: number, fields: Record<string, unknown> = {}, more: Record<string, unknown> = {}) => {
      const time = new Date(START + seconds * 1000).toISOString();
      const about = { "k8s.pod.name": pod, "k8s.pod.uid": `uid-${pod}`, ...fields };
      rehearsed.take(alert(about, { time, uuid: `u-${uuid++}`, ...more }));
    },
    rehearsed,
    report: () => reportOf(rehearsed, uuid, options),
  };
}

const WEB = (n: number) => `web-5d9c7b8f6d-x7k2${"bcdfgh"[n] ?? ""}`;

describe("a rehearsal", () => {
  it("counts what rules would have done, per rule, namespace, workload and hour", () => {
    const { take, report } = rehearsal();
    take(WEB(0), 0);
    take(WEB(1), 3600);
    take("postgres-0", 3601, { "k8s.ns.name": "bank" });
    take("x", 1, {}, { rule: "Other" });
    const { rules: told, namespaces, workloads, hours, answered, alerts, from, to } = report();
    assert.deepEqual(told, [{ name: "Terminate", acted: 3, held: 0, again: 0, "left alone": 0 }]);
    assert.deepEqual([alerts, answered], [4, 3]);
    assert.deepEqual(namespaces, [
      { name: "default", count: 2 },
      { name: "bank", count: 1 },
    ]);
    assert.deepEqual(workloads, [
      { name: "default/web", count: 2 },
      { name: "bank/postgres", count: 1 },
    ]);
    assert.deepEqual(hours, [
      { name: "2026-11-23T16:00Z", count: 1 },
      { name: "2026-11-23T17:00Z", count: 2 },
    ]);
    assert.deepEqual([from, to], ["2026-11-23T16:00:00.000Z", "2026-11-23T17:00:01.000Z"]);
  });

  it("holds by the alerts' own times, as the responder would, and says by which limit", () => {
    const { take, report } = rehearsal({ workload: "2/600", node: "4/600" });
    for (let i = 0; i < 4; i++) take(WEB(i), i);
    take(WEB(4), 600);
    take("cart-5d9c7b8f6d-x7k2p", 601);
    take("mail-5d9c7b8f6d-x7k2p", 601);
    const { rules: told, held } = report();
    assert.deepEqual(told, [{ name: "Terminate", acted: 5, held: 2, again: 0, "left alone": 0 }]);
    assert.deepEqual(held, [{ name: "workload default/web", count: 2 }]);
  });

  it("takes rules that run dry as real, and leaves alone what is protected or names no pod", () => {
    const { take, report } = rehearsal({}, `${TERMINATE}  dry_run: true\n`);
    take("a", 0);
    take("b", 0, { "k8s.ns.name": "kube-system" });
    take("c", 0, { "k8s.pod.name": null });
    assert.deepEqual(report().rules, [{ name: "Terminate", acted: 1, held: 0, again: 0, "left alone": 2 }]);
  });

  it("counts a pod that is gone by then as done again, and among those hit most", () => {
    const { take, report } = rehearsal();
    for (let i = 0; i < 5; i++) take("a", i);
    take("b", 9);
    assert.deepEqual(report().rules, [{ name: "Terminate", acted: 2, held: 0, again: 4, "left alone": 0 }]);
    assert.deepEqual(report().pods, [
      { name: "default/a", count: 5 },
      { name: "default/b", count: 1 },
    ]);
  });

  it("claims rules whose repetition is not nothing for as long as the responder does", () => {
    const { take, report } = rehearsal(
      {},
      `
- rule: Log
  match: {rules: [Terminal shell in container]}
  actions: [{action: Log, actionner: "kubernetes:log"}]`,
    );
    for (const seconds of [0, 30, 61]) take("a", seconds);
    assert.deepEqual(report().rules, [{ name: "Log", acted: 2, held: 0, again: 1, "left alone": 0 }]);
  });

  it("takes an alert that is there twice once", () => {
    const { take, report } = rehearsal();
    take("a", 0, {}, { uuid: "same" });
    take("a", 0, {}, { uuid: "same" });
    assert.equal(report().alerts, 1);
  });

  it("passes over what is older than it is told", () => {
    const { rehearsed } = rehearsal();
    rehearsed.take(alert({}, { time: "2026-11-23T15:59:59Z", uuid: "1" }), START);
    rehearsed.take(alert({}, { time: "2026-11-23T16:00:00Z", uuid: "2" }), START);
    assert.equal(rehearsed.alerts, 1);
  });
});

describe("when a rehearsal is to start", () => {
  it("is a duration before now, or a time", () => {
    assert.equal(sinceOf("30m", START), START - 1_800_000);
    assert.equal(sinceOf("7d", START), START - 604_800_000);
    assert.equal(sinceOf("2026-11-23T16:00:00Z"), START);
  });
  for (const wrong of ["", "30", "m", "-1h", "yesterday", "2026-99-99"]) {
    it(`is not "${wrong}"`, () => {
      assert.equal(sinceOf(wrong), undefined);
    });
  }
});

describe("a tally", () => {
  it("keeps a bounded number of names, those counted most among them, and the sum of the others", () => {
    const tally = new Tally();
    for (let i = 0; i < 50_000; i++) {
      tally.add(`once-${i}`);
      if (i % 10 === 0) tally.add("often");
    }
    const most = tally.most();
    assert.deepEqual(most[0], ["often", 5000]);
    assert.ok(most.length <= 10_000);
    assert.equal(most.reduce((sum, [, n]) => sum + n, 0) + tally.others, 55_000);
  });
});
