import assert from "node:assert/strict";
import { networkpolicy } from "../../../../responder/actions/kubernetes/networkpolicy.ts";
import { isObjectName } from "../../../../responder/names.ts";
import { alert, apiError, cluster, pod } from "../../fixtures.ts";

function labelled(labels?: Record<string, string>, owner?: { kind: string; name: string }) {
  const { metadata, ...rest } = pod({}, owner);
  return { ...rest, metadata: { ...metadata, ...(labels && { labels }) } };
}

const run = (on: ReturnType<typeof cluster>, parameters: Record<string, unknown> = {}) =>
  networkpolicy
    .prepare(parameters)
    .run({ alert: alert(), cluster: on, protection: () => undefined, context: new Map() });

describe("kubernetes:networkpolicy", () => {
  it("denies the pod and its like all egress by default", async () => {
    const labels = { app: "web", "pod-template-hash": "123" };
    const on = cluster({ pod: () => labelled(labels, { kind: "ReplicaSet", name: "web-123" }) });
    const { outcome, message } = await run(on);
    assert.equal(outcome, "done");
    assert.match(message, /reach nothing$/);
    assert.deepEqual(on.calls[1], {
      verb: "create policy",
      name: "response-web-123-04e8ecbe",
      body: {
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: {
          name: "response-web-123-04e8ecbe",
          namespace: "default",
          labels: { "app.kubernetes.io/managed-by": "response-engine" },
        },
        spec: { podSelector: { matchLabels: { app: "web" } }, policyTypes: ["Egress"], egress: [] },
      },
    });
  });

  it("lets what allow_cidr and allow_namespaces name be reached", async () => {
    const on = cluster({ pod: () => labelled({ app: "web" }) });
    await run(on, { allow_cidr: ["10.0.0.0/8", "fd00::/8"], allow_namespaces: ["green"] });
    const { spec } = on.calls[1]?.body as { spec: { egress: unknown } };
    assert.deepEqual(spec.egress, [
      {
        to: [
          { ipBlock: { cidr: "10.0.0.0/8" } },
          { ipBlock: { cidr: "fd00::/8" } },
          { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "green" } } },
        ],
      },
    ]);
  });

  it("updates the policy that it made before", async () => {
    const on = cluster({
      pod: () => labelled({ app: "web" }),
      create: () => {
        throw apiError(409, "exists");
      },
    });
    assert.equal((await run(on)).outcome, "done");
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get", "create policy", "patch policy", "get metadata", "list networkpolicies"],
    );
  });

  it("has a policy of its own for each set of labels, and the same for all pods that differ in what controllers add", async () => {
    const nameFor = async (labels: Record<string, string>) => {
      const on = cluster({ pod: () => labelled(labels, { kind: "StatefulSet", name: "db" }) });
      await run(on);
      return on.calls[1]?.name;
    };
    const name = await nameFor({ app: "db", tier: "a" });
    assert.equal(
      await nameFor({
        tier: "a",
        app: "db",
        "statefulset.kubernetes.io/pod-name": "db-1",
        "apps.kubernetes.io/pod-index": "1",
      }),
      name,
    );
    assert.notEqual(await nameFor({ app: "db", tier: "a", suspicious: "true" }), name);
  });

  it("fails for a pod without labels, as it would be a policy for its whole namespace", async () => {
    for (const labels of [undefined, { "pod-template-hash": "1" }]) {
      const on = cluster({ pod: () => labelled(labels) });
      assert.equal((await run(on)).outcome, "failed");
      assert.deepEqual(
        on.calls.map(({ verb }) => verb),
        ["get"],
      );
    }
  });

  it("leaves a pod that was re-created under the same name alone", async () => {
    const on = cluster({ pod: () => ({ metadata: { uid: "another", labels: { app: "web" } } }) });
    assert.equal((await run(on)).outcome, "replaced");
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get"],
    );
  });

  for (const parameters of [
    { allow_cidr: ["10.0.0.0"] },
    { allow_cidr: ["10.0.0.0/33"] },
    { allow_cidr: ["fd00::/129"] },
    { allow_cidr: "10.0.0.0/8" },
    { allow_namespaces: ["A"] },
  ]) {
    it(`refuses ${JSON.stringify(parameters)}`, () => {
      assert.throws(() => networkpolicy.prepare(parameters), /is not allowed; it takes a list of/);
    });
  }

  it("fails for a pod on its node's network, which no policy holds", async () => {
    const on = cluster({ pod: () => ({ ...labelled({ app: "web" }), spec: { hostNetwork: true, containers: [] } }) });
    const { outcome, message } = await run(on);
    assert.equal(outcome, "failed");
    assert.match(message, /^nothing was done: .* on its node's network, where no network policy holds$/);
    assert.equal(on.calls.length, 1);
  });

  it("fails where other policies let the pod reach more, and names a few of them", async () => {
    const allow = (name: string) => ({ metadata: { name }, spec: { podSelector: {}, egress: [{}] } });
    const policies = () => Array.from({ length: 7 }, (_, index) => allow(`allow-${index}`));
    const { outcome, message } = await run(cluster({ pod: () => labelled({ app: "web" }), policies }));
    assert.equal(outcome, "failed");
    assert.match(
      message,
      /reaches more: allow-0, allow-1, allow-2, allow-3, allow-4 and 2 more let it through as well$/,
    );
  });

  it("fails where a policy of its name holds other rules, whatever was asked for", async () => {
    const on = cluster({
      pod: () => labelled({ app: "web" }),
      create: () => {
        throw apiError(409, "exists");
      },
      patched: () => ({ spec: { podSelector: {}, policyTypes: ["Egress"], egress: [{}] } }),
    });
    const { outcome, message } = await run(on);
    assert.equal(outcome, "failed");
    assert.match(message, /^pod default\/alpine is not cut off: .* holds other rules than were asked for$/);
  });

  for (const [what, owner] of [
    ["cut at a dot", { kind: "ReplicaSet", name: `${"a".repeat(199)}.b` }],
    ["of nonsense", { kind: "ReplicaSet", name: "../../x" }],
    ["of no kind of Kubernetes' own", { kind: "Foo", name: "Not A Name" }],
  ] as const) {
    it(`gives the policy a name that it can have, with an owner's name ${what}`, async () => {
      const on = cluster({ pod: () => labelled({ app: "web" }, owner) });
      assert.equal((await run(on)).outcome, "done");
      assert.ok(isObjectName(on.calls[1]?.name ?? ""), on.calls[1]?.name);
    });
  }

  it("selects by labels with names that every JavaScript object has, too", async () => {
    const labels = JSON.parse('{"constructor": "a", "__proto__": "c"}') as Record<string, string>;
    const on = cluster({ pod: () => labelled(labels) });
    assert.equal((await run(on)).outcome, "done");
    const body = JSON.stringify(on.calls[1]?.body);
    assert.ok(body.includes('"matchLabels":{"constructor":"a","__proto__":"c"}'), body);
  });
});
