import assert from "node:assert/strict";
import type { V1LabelSelector, V1NetworkPolicy } from "@kubernetes/client-node";
import { ensurePolicy, othersThatAllow, outOfReach, selects } from "../../../../responder/actions/pods/policy.ts";
import { apiError, cluster, pod } from "../../fixtures.ts";

const LABELS = { app: "web", tier: "front" };

describe("whether a selector selects a pod", () => {
  const cases: [string, V1LabelSelector, boolean][] = [
    ["an empty one", {}, true],
    ["its label", { matchLabels: { app: "web" } }, true],
    ["another value", { matchLabels: { app: "db" } }, false],
    ["one label of two", { matchLabels: { app: "web", gone: "x" } }, false],
    ["In", { matchExpressions: [{ key: "app", operator: "In", values: ["db", "web"] }] }, true],
    ["In without it", { matchExpressions: [{ key: "app", operator: "In", values: ["db"] }] }, false],
    ["In of a label it hasn't", { matchExpressions: [{ key: "x", operator: "In", values: ["db"] }] }, false],
    ["NotIn", { matchExpressions: [{ key: "app", operator: "NotIn", values: ["db"] }] }, true],
    ["NotIn with it", { matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] }, false],
    ["NotIn of a label it hasn't", { matchExpressions: [{ key: "x", operator: "NotIn", values: ["db"] }] }, true],
    ["Exists", { matchExpressions: [{ key: "app", operator: "Exists" }] }, true],
    ["Exists of a label it hasn't", { matchExpressions: [{ key: "x", operator: "Exists" }] }, false],
    ["DoesNotExist", { matchExpressions: [{ key: "app", operator: "DoesNotExist" }] }, false],
    ["an operator that nobody knows, which may", { matchExpressions: [{ key: "app", operator: "Near" }] }, true],
  ];
  for (const [what, selector, selected] of cases) {
    it(`is ${selected} by ${what}`, () => {
      assert.equal(selects(selector, LABELS), selected);
    });
  }

  for (const key of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
    it(`takes ${key} for a label only where the pod has one`, () => {
      assert.equal(selects({ matchExpressions: [{ key, operator: "Exists" }] }, LABELS), false);
      const own = JSON.parse(`{"${key}": "x"}`) as Record<string, string>;
      assert.equal(selects({ matchLabels: own }, LABELS), false);
      assert.equal(selects({ matchLabels: own }, own), true);
    });
  }
});

describe("the other policies that let something through", () => {
  const of = (name: string, spec: unknown) => ({ metadata: { name }, spec });
  const names = (...policies: unknown[]) =>
    othersThatAllow(cluster({ policies: () => policies }), { namespace: "default", name: "ours" }, LABELS, ["Egress"]);

  it("are those that select the pod and have a rule, an empty one too", async () => {
    assert.deepEqual(await names(of("all", { podSelector: {}, policyTypes: ["Egress"], egress: [{}] })), ["all"]);
    assert.deepEqual(await names(of("dns", { podSelector: { matchLabels: { app: "web" } }, egress: [{ to: [] }] })), [
      "dns",
    ]);
  });

  it("are not our own, another pod's, those without a rule or without a spec, nor those of the other direction", async () => {
    const allow = { podSelector: {}, egress: [{}] };
    assert.deepEqual(
      await names(
        of("ours", allow),
        of("others", { ...allow, podSelector: { matchLabels: { app: "db" } } }),
        of("denies", { podSelector: {}, policyTypes: ["Egress"], egress: [] }),
        of("denies-too", { podSelector: {}, policyTypes: ["Egress"] }),
        of("ingress", { podSelector: {}, policyTypes: ["Ingress"], ingress: [{}], egress: [{}] }),
        of("empty", undefined),
      ),
      [],
    );
  });

  it("without types are of ingress, and of egress where they have rules for it", async () => {
    const both = of("both", { podSelector: {}, ingress: [{}], egress: [{}] });
    assert.deepEqual(await names(both), ["both"]);
    const on = cluster({ policies: () => [of("in", { podSelector: {}, ingress: [{}] })] });
    const at = { namespace: "default", name: "ours" };
    assert.deepEqual(await othersThatAllow(on, at, LABELS, ["Egress"]), []);
    assert.deepEqual(await othersThatAllow(on, at, LABELS, ["Ingress", "Egress"]), ["in"]);
  });

  it("may be more than were looked at, and that is said", async () => {
    const on = cluster({});
    on.list = () => Promise.resolve({ items: [], more: true });
    const others = await othersThatAllow(on, { namespace: "default", name: "ours" }, LABELS, ["Egress"]);
    assert.deepEqual(others, ["and perhaps more, as there are too many to look at"]);
  });

  it("are not read from an answer that holds none", async () => {
    for (const spec of ["x", { podSelector: [] }, { egress: "all" }, { podSelector: { matchExpressions: [{}] } }])
      await assert.rejects(names(of("odd", spec)), { failure: "not-kubernetes" });
  });
});

describe("a policy that is to be there", () => {
  const body: V1NetworkPolicy = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "ours", namespace: "default" },
    spec: { podSelector: { matchLabels: LABELS }, policyTypes: ["Egress"], egress: [] },
  };
  const exists = () => {
    throw apiError(409, "exists");
  };

  it("is made, and as it should be whatever the API leaves out of what is empty", async () => {
    assert.equal(await ensurePolicy(cluster({}), body), undefined);
    const patched = () => ({
      spec: { podSelector: { matchLabels: { tier: "front", app: "web" } }, policyTypes: ["Egress"] },
    });
    assert.equal(await ensurePolicy(cluster({ create: exists, patched }), body), undefined);
  });

  it("is brought back to what it should be, in every part, where one of its name is there", async () => {
    const on = cluster({ create: exists });
    assert.equal(await ensurePolicy(on, body), undefined);
    const { spec } = on.calls[1]?.body as { spec: unknown };
    const podSelector = { matchExpressions: null, matchLabels: LABELS };
    assert.deepEqual(spec, { ingress: null, egress: [], podSelector, policyTypes: ["Egress"] });
  });

  it("is told to hold other rules where the API's answer has others", async () => {
    const others = [
      { ...body.spec, egress: [{}] },
      { ...body.spec, podSelector: { matchLabels: { app: "web" } } },
      { ...body.spec, podSelector: { matchLabels: LABELS, matchExpressions: [{ key: "x", operator: "Exists" }] } },
      { ...body.spec, policyTypes: ["Ingress"] },
      undefined,
    ];
    for (const spec of others) {
      const message = await ensurePolicy(cluster({ create: exists, patched: () => ({ spec }) }), body);
      assert.equal(message, "network policy default/ours holds other rules than were asked for");
    }
  });

  it("is passed on where the API refuses it", async () => {
    const refused = apiError(403, "no");
    const on = cluster({
      create: () => {
        throw refused;
      },
    });
    await assert.rejects(ensurePolicy(on, body), (thrown) => thrown === refused);
  });
});

describe("a pod on its node's network", () => {
  it("is out of every policy's reach", () => {
    assert.match(
      outOfReach({ ...pod(), spec: { hostNetwork: true, containers: [] } }) ?? "",
      /no network policy holds$/,
    );
    assert.equal(outOfReach({ ...pod(), spec: { hostNetwork: false, containers: [] } }), undefined);
    assert.equal(outOfReach(pod()), undefined);
  });
});
