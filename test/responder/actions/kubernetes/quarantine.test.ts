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
});
