import assert from "node:assert/strict";
import { quarantine } from "../../../../responder/actions/kubernetes/quarantine.ts";
import { alert, apiError, cluster, pod, POD_UID } from "../../fixtures.ts";

const LABEL = "response-engine.io/quarantine";

function labelled(labels: Record<string, string>, annotations: Record<string, string> = {}) {
  const { metadata, ...rest } = pod({}, { kind: "ReplicaSet", name: "web-123" });
  return { ...rest, metadata: { ...metadata, labels, annotations } };
}

const run = (on: ReturnType<typeof cluster>) =>
  quarantine.prepare({}).run({ alert: alert(), cluster: on, protection: () => undefined, context: new Map() });

describe("kubernetes:quarantine", () => {
  it("builds the wall first, then takes the pod out of all that selects it by labels, and remembers those", async () => {
    const on = cluster({ pod: () => labelled({ app: "web", "pod-template-hash": "123" }) });
    const { outcome, message } = await run(on);
    assert.equal(outcome, "done");
    assert.equal(message, "pod default/alpine is in quarantine, and still running");
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get", "create policy", "patch", "list networkpolicies"],
    );
    const { spec } = on.calls[1]?.body as { spec: unknown };
    const { metadata } = on.calls[1]?.body as { metadata: unknown };
    assert.deepEqual(metadata, {
      name: `quarantine-${POD_UID}`,
      namespace: "default",
      labels: { "app.kubernetes.io/managed-by": "response-engine" },
      ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "alpine", uid: POD_UID }],
    });
    assert.deepEqual(spec, { podSelector: { matchLabels: { [LABEL]: POD_UID } }, policyTypes: ["Ingress", "Egress"] });
    assert.deepEqual(on.calls[2]?.body, {
      metadata: {
        uid: POD_UID,
        labels: { app: null, "pod-template-hash": null, [LABEL]: POD_UID },
        annotations: {
          "response-engine.io/labels-before-quarantine": '{"app":"web","pod-template-hash":"123"}',
          "response-engine.io/quarantined-for": "Terminal shell in container",
        },
      },
    });
  });

  it("goes on where an attempt before it was interrupted after the wall", async () => {
    const on = cluster({
      pod: () => labelled({ app: "web" }),
      create: () => {
        throw apiError(409, "exists");
      },
    });
    assert.equal((await run(on)).outcome, "done");
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get", "create policy", "patch policy", "patch", "list networkpolicies"],
    );
  });

  it("changes nothing of a pod that is in quarantine", async () => {
    const on = cluster({ pod: () => labelled({ [LABEL]: POD_UID }) });
    assert.match((await run(on)).message, /in quarantine already/);
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get", "create policy", "list networkpolicies"],
      "its policy is looked at all the same",
    );
  });

  it("leaves a pod that was re-created under the same name alone", async () => {
    const on = cluster({ pod: () => ({ metadata: { uid: "another" } }) });
    assert.equal((await run(on)).outcome, "replaced");
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get"],
    );
  });

  it("fails for a pod on its node's network, which no policy holds, and changes nothing", async () => {
    const on = cluster({ pod: () => ({ ...labelled({ app: "web" }), spec: { hostNetwork: true, containers: [] } }) });
    const { outcome, message } = await run(on);
    assert.equal(outcome, "failed");
    assert.equal(
      message,
      "nothing was done: pod default/alpine is on its node's network, where no network policy holds",
    );
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get"],
    );
  });

  it("fails where another policy lets something through to every pod, and names it", async () => {
    const policies = () => [
      { metadata: { name: "allow-all" }, spec: { podSelector: {}, policyTypes: ["Egress"], egress: [{}] } },
      { metadata: { name: "web" }, spec: { podSelector: { matchLabels: { app: "web" } }, ingress: [{}] } },
    ];
    const { outcome, message } = await run(cluster({ pod: () => labelled({ app: "web" }), policies }));
    assert.equal(outcome, "failed");
    assert.match(
      message,
      /but not cut off: allow-all let it through as well$/,
      "what went by its labels no longer does",
    );
  });

  it("fails before it takes the pod out of anything where its policy holds other rules", async () => {
    const on = cluster({
      pod: () => labelled({ app: "web" }),
      create: () => {
        throw apiError(409, "exists");
      },
      patched: () => ({ spec: { podSelector: {}, policyTypes: ["Egress"], egress: [{}] } }),
    });
    const { outcome, message } = await run(on);
    assert.equal(outcome, "failed");
    assert.match(message, /is not in quarantine: network policy .* holds other rules than were asked for$/);
    assert.equal(on.calls.at(-1)?.verb, "patch policy");
  });

  it("fails where the pod got a label meanwhile, by which a Service may select it", async () => {
    const labels = { [LABEL]: POD_UID, sneaked: "in" };
    const annotations = {
      "response-engine.io/labels-before-quarantine": "{}",
      "response-engine.io/quarantined-for": "Terminal shell in container",
    };
    const on = cluster({
      pod: () => labelled({}),
      patched: () => ({ metadata: { uid: POD_UID, labels, annotations } }),
    });
    const { outcome, message } = await run(on);
    assert.equal(outcome, "failed");
    assert.match(message, /it got labels meanwhile \(sneaked\)$/);
  });

  it("does without its notes where the pod's annotations leave no room for them, and says so", async () => {
    const on = cluster({ pod: () => labelled({ app: "web" }, { filled: "x".repeat(256 * 1024 - 6) }) });
    const { outcome, message } = await run(on);
    assert.equal(outcome, "done");
    assert.match(message, /still running; the labels it had are not kept, as its annotations leave no room for them$/);
    assert.deepEqual(on.calls[2]?.body, { metadata: { uid: POD_UID, labels: { app: null, [LABEL]: POD_UID } } });
  });

  it("takes labels by names that every JavaScript object has off, too", async () => {
    const labels = JSON.parse('{"constructor": "a", "toString": "b", "__proto__": "c"}') as Record<string, string>;
    const on = cluster({ pod: () => labelled(labels) });
    assert.equal((await run(on)).outcome, "done");
    const body = JSON.stringify(on.calls[2]?.body);
    assert.ok(
      body.includes(`"labels":{"constructor":null,"toString":null,"__proto__":null,"${LABEL}":"${POD_UID}"}`),
      body,
    );
  });
});
