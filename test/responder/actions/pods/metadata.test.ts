import assert from "node:assert/strict";
import { ParameterError } from "../../../../responder/actions/parameters.ts";
import { annotation } from "../../../../responder/actions/kubernetes/annotation.ts";
import { label } from "../../../../responder/actions/kubernetes/label.ts";
import { alert, apiError, cluster, occasion, pod, POD_UID } from "../../fixtures.ts";

describe("kubernetes:label", () => {
  it("sets and removes labels of the pod that raised the alert with one call, which fails on any other", async () => {
    const on = cluster({});
    const labels = { suspicious: true, "example.com/team": "blue", old: "" };
    const { outcome, message } = await label
      .prepare({ labels })
      .run({ alert: alert(), cluster: on, protection: () => undefined, context: new Map() });
    assert.equal(outcome, "done");
    assert.equal(message, "pod default/alpine labels: got suspicious=true, got example.com/team=blue, lost old");
    const wanted = { suspicious: "true", "example.com/team": "blue", old: null };
    assert.deepEqual(on.calls, [
      { verb: "patch", name: "alpine", body: { metadata: { labels: wanted, uid: POD_UID } } },
    ]);
  });

  it("asks for the pod first where the alert has no UID", async () => {
    const containerID = `containerd://3ad7b26ded6d${"0".repeat(52)}`;
    const running = {
      containerStatuses: [{ name: "a", containerID, image: "", imageID: "", ready: true, restartCount: 0 }],
    };
    const on = cluster({ pod: () => pod(running) });
    await label
      .prepare({ labels: { a: "b" } })
      .run({ alert: alert({ "k8s.pod.uid": null }), cluster: on, protection: () => undefined, context: new Map() });
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get", "patch"],
    );
    assert.deepEqual(on.calls[1]?.body, { metadata: { labels: { a: "b" }, uid: POD_UID } });
  });

  it("leaves a pod that was re-created under the same name alone", async () => {
    const message = `Pod "alpine" is invalid: metadata.uid: Invalid value: "${POD_UID}": field is immutable`;
    const on = cluster({
      patch: () => {
        throw apiError(422, message);
      },
    });
    assert.equal(
      (
        await label
          .prepare({ labels: { a: "b" } })
          .run({ alert: alert(), cluster: on, protection: () => undefined, context: new Map() })
      ).outcome,
      "replaced",
    );
  });

  it("finds nothing to do where the pod is gone, and passes other answers on", async () => {
    const run = (code: number) => {
      const on = cluster({
        patch: () => {
          throw apiError(code, "no");
        },
      });
      return label
        .prepare({ labels: { a: "b" } })
        .run({ alert: alert(), cluster: on, protection: () => undefined, context: new Map() });
    };
    assert.equal((await run(404)).outcome, "gone");
    for (const code of [403, 409, 422, 500]) await assert.rejects(run(code), { code });
  });

  it("at level node labels the node that the pod is on", async () => {
    const on = cluster({ pod: () => ({ ...pod(), spec: { nodeName: "node-1", containers: [] } }) });
    const action = label.prepare({ labels: { a: "b" }, level: "node" });
    assert.equal(
      (await action.run({ alert: alert(), cluster: on, protection: () => undefined, context: new Map() })).message,
      "node node-1 labels: got a=b",
    );
    assert.deepEqual(on.calls.at(-1), {
      verb: "patch node",
      name: "node-1",
      body: { metadata: { labels: { a: "b" }, uid: "node-uid" } },
    });
    assert.deepEqual(
      action.permissions.map(({ resource }) => resource),
      ["pods", "nodes"],
    );
  });

  it("at level node fails for a pod that is on none", async () => {
    const { outcome } = await label
      .prepare({ labels: { a: "b" }, level: "node" })
      .run({ alert: alert(), cluster: cluster({}), protection: () => undefined, context: new Map() });
    assert.equal(outcome, "failed");
  });

  it("sets labels by names that every JavaScript object has, and takes no name that no label has", async () => {
    const on = cluster({});
    const labels = { constructor: "a", toString: "b" };
    assert.equal((await label.prepare({ labels }).run(occasion(on))).outcome, "done");
    assert.deepEqual(on.calls[0]?.body, { metadata: { labels, uid: POD_UID } });
    for (const name of ["__proto__", "..", "a/b/c", "-a", "a\nb", "x".repeat(64)]) {
      const given = JSON.parse(`{${JSON.stringify(name)}: "x"}`) as Record<string, unknown>;
      assert.throws(() => label.prepare({ labels: given }), ParameterError);
    }
  });

  it("at level node labels the node of an alert of the host, and at level pod nothing", async () => {
    const host = alert({ "container.id": "host", "k8s.ns.name": null, "k8s.pod.name": null, "k8s.pod.uid": null });
    const made = { name: "node-1", uid: "node-uid", creationTimestamp: "2026-11-01T00:00:00Z" };
    const on = cluster({ node: () => ({ metadata: made }) });
    const action = label.prepare({ labels: { a: "b" }, level: "node" });
    assert.equal((await action.run(occasion(on, host))).message, "node node-1 labels: got a=b");
    assert.equal(action.target, "node");
    assert.equal(label.prepare({ labels: { a: "b" } }).target, "pod");
  });

  it("fails where the API takes it and doesn't show it", async () => {
    const on = cluster({ patched: () => ({ metadata: { uid: POD_UID, labels: { old: "still here" } } }) });
    assert.deepEqual(await label.prepare({ labels: { old: "" } }).run(occasion(on)), {
      outcome: "failed",
      message: "the API took the change of pod default/alpine, but metadata.labels.old isn't what was asked for",
    });
  });

  const broken: [Record<string, unknown>, RegExp][] = [
    [{}, /parameters.labels: is missing/],
    [{ labels: {} }, /parameters.labels: \{\} is not allowed; it takes at least one/],
    [{ labels: ["a"] }, /parameters.labels/],
    [{ labels: { "a b": "c" } }, /parameters.labels/],
    [{ labels: { a: "b c" } }, /parameters.labels/],
    [{ labels: { a: "x".repeat(64) } }, /parameters.labels/],
    [{ labels: { a: "b" }, level: "cluster" }, /parameters.level: "cluster" is not allowed; it takes pod or node/],
  ];
  for (const [parameters, message] of broken) {
    it(`with ${JSON.stringify(parameters).slice(0, 60)} is refused, and the reason given`, () => {
      assert.throws(
        () => label.prepare(parameters),
        (error) => error instanceof ParameterError && message.test(error.message),
      );
    });
  }
});

describe("kubernetes:annotation", () => {
  it("sets annotations of any text", async () => {
    const on = cluster({});
    const annotations = { "example.com/why": "a shell, at 3 a.m." };
    assert.equal(
      (
        await annotation
          .prepare({ annotations })
          .run({ alert: alert(), cluster: on, protection: () => undefined, context: new Map() })
      ).outcome,
      "done",
    );
    assert.deepEqual(on.calls[0]?.body, { metadata: { annotations, uid: POD_UID } });
  });
});
