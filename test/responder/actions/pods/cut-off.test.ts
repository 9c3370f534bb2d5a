import assert from "node:assert/strict";
import { networkpolicy } from "../../../../responder/actions/kubernetes/networkpolicy.ts";
import { quarantine } from "../../../../responder/actions/kubernetes/quarantine.ts";
import { selects } from "../../../../responder/actions/pods/policy.ts";
import { alert, apiError, cluster, occasion, pod, POD_UID, type Answers } from "../../fixtures.ts";

const WEB = { ...pod(), metadata: { ...pod().metadata, labels: { app: "web" } } };
const ACTIONNERS = [quarantine, networkpolicy];
const run = (actionner: (typeof ACTIONNERS)[number], answers: Answers) => {
  const on = cluster({ pod: () => WEB, ...answers });
  return { on, result: actionner.prepare({}).run(occasion(on, alert())) };
};
const policy = (name: string, spec: object) => ({ metadata: { name }, spec });

for (const actionner of ACTIONNERS) {
  describe(`a pod that ${actionner.name} is to cut off`, () => {
    it("is not where it is on its node's network, and nothing is made", async () => {
      const { on, result } = run(actionner, { pod: () => ({ ...WEB, spec: { hostNetwork: true, containers: [] } }) });
      const { outcome, message } = await result;
      assert.equal(outcome, "failed");
      assert.match(message, /^nothing was done: pod default\/alpine is on its node's network, where no network policy/);
      assert.deepEqual(
        on.calls.map(({ verb }) => verb),
        ["get"],
      );
    });

    for (const spec of [
      { podSelector: {}, policyTypes: ["Egress"], egress: [{}] },
      { podSelector: {}, egress: [{ to: [] }] },
      {
        podSelector: { matchExpressions: [{ key: "nothing", operator: "DoesNotExist" }] },
        policyTypes: ["Egress"],
        egress: [{}],
      },
      {
        podSelector: { matchExpressions: [{ key: "app", operator: "Unheard" }] },
        policyTypes: ["Egress"],
        egress: [{}],
      },
    ]) {
      it(`is not where another policy lets it out: ${JSON.stringify(spec)}`, async () => {
        const { outcome, message } = await run(actionner, { policies: () => [policy("everybody-may", spec)] }).result;
        assert.equal(outcome, "failed");
        assert.match(message, /: everybody-may let it through as well$/);
      });
    }

    for (const spec of [
      { podSelector: {}, policyTypes: ["Egress"], egress: [] },
      { podSelector: { matchLabels: { app: "other" } }, policyTypes: ["Egress"], egress: [{}] },
      { podSelector: {}, policyTypes: ["Other"], egress: [{}] },
    ]) {
      it(`is whatever other policies forbid, or hold for others: ${JSON.stringify(spec)}`, async () => {
        const { outcome } = await run(actionner, { policies: () => [policy("another", spec)] }).result;
        assert.equal(outcome, "done");
      });
    }

    it("is not where the API has the policy with other rules than were asked for", async () => {
      const other = { podSelector: { matchLabels: { app: "other" } }, policyTypes: ["Egress"] };
      const { outcome, message } = await run(actionner, {
        create: () => {
          throw apiError(409, "exists");
        },
        patched: () => policy("x", other),
      }).result;
      assert.equal(outcome, "failed");
      assert.match(message, /holds other rules than were asked for$/);
    });

    it("has its policy brought to what it should be, and all that is not asked for taken out of it", async () => {
      const { on, result } = run(actionner, {
        create: () => {
          throw apiError(409, "exists");
        },
      });
      await result;
      const patch = on.calls.find(({ verb }) => verb === "patch policy")?.body as { spec: Record<string, unknown> };
      assert.equal(patch.spec["ingress"], null);
      assert.equal((patch.spec["podSelector"] as Record<string, unknown>)["matchExpressions"], null);
    });

    it("may not be, where there are more policies than are looked at", async () => {
      const on = { ...cluster({ pod: () => WEB }), list: () => Promise.resolve({ items: [], more: true }) };
      const { outcome, message } = await actionner.prepare({}).run(occasion(on, alert()));
      assert.equal(outcome, "failed");
      assert.match(message, /too many to look at/);
    });
  });
}

describe("a pod's labels", () => {
  it("that were changed while its network policy was made are told: the policy doesn't hold it", async () => {
    let reads = 0;
    const changed = { ...WEB, metadata: { ...WEB.metadata, labels: { app: "free" } } };
    const { outcome, message } = await run(networkpolicy, { pod: () => (reads++ === 0 ? WEB : changed) }).result;
    assert.equal(outcome, "failed");
    assert.match(message, /pod default\/alpine got other labels meanwhile, and it no longer holds it$/);
  });

  it("that it got while it was put into quarantine are told: they may keep it in its Services", async () => {
    const patched = () => ({
      metadata: {
        uid: POD_UID,
        labels: { app: "web-too", "response-engine.io/quarantine": POD_UID },
        annotations: {
          "response-engine.io/labels-before-quarantine": '{"app":"web"}',
          "response-engine.io/quarantined-for": "Terminal shell in container",
        },
      },
    });
    const answers = { pod: () => ({ ...WEB, metadata: { ...WEB.metadata, labels: { app: "web" } } }) };
    const on = cluster(answers);
    const patch: typeof on.patch = () => Promise.resolve(patched() as never);
    const { outcome, message } = await quarantine.prepare({}).run(occasion({ ...on, patch }, alert()));
    assert.equal(outcome, "failed");
    assert.match(message, /app/);
  });

  it("that a label selector names are selected as Kubernetes does", () => {
    const labels = { app: "web", __proto__x: "1" };
    const cases: [Parameters<typeof selects>[0], boolean][] = [
      [{}, true],
      [{ matchLabels: { app: "web" } }, true],
      [{ matchLabels: { toString: "web" } }, false],
      [{ matchExpressions: [{ key: "app", operator: "In", values: ["a", "web"] }] }, true],
      [{ matchExpressions: [{ key: "app", operator: "In" }] }, false],
      [{ matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] }, false],
      [{ matchExpressions: [{ key: "tier", operator: "NotIn", values: ["web"] }] }, true],
      [{ matchExpressions: [{ key: "app", operator: "Exists" }] }, true],
      [{ matchExpressions: [{ key: "constructor", operator: "Exists" }] }, false],
      [{ matchExpressions: [{ key: "app", operator: "DoesNotExist" }] }, false],
      [{ matchLabels: { app: "web" }, matchExpressions: [{ key: "tier", operator: "Exists" }] }, false],
    ];
    for (const [selector, is] of cases) assert.equal(selects(selector, labels), is, JSON.stringify(selector));
  });
});
