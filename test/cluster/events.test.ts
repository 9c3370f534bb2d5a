import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { action, rule } from "./actions/rules.ts";
import { loggedOf } from "./deliver.ts";
import { ownRightsOf } from "../support/rights.ts";
import { toldEvents } from "./told-events.ts";
import { withResponder } from "./with-responder.ts";

const RULES = [
  rule("Label", [action("kubernetes:label", { labels: { seen: "yes" } })]),
  rule("Cut off", [action("kubernetes:networkpolicy")]),
  rule("Delete", [action("kubernetes:delete", { resources: ["clusterroles", "configmaps", "deployments"] })]),
];

describe("Kubernetes Events without a window, against a real API", () => {
  const stage = withResponder({
    namespace: "telling",
    rules: JSON.stringify(RULES),
    responder: { config: { responderDeduplicationSeconds: 0 } },
  });

  it("take no right but that to create them", async () => {
    const rights = await ownRightsOf(stage.cluster, ["default", "responder"], stage.pods.namespace);
    assert.deepEqual(
      rights.filter((right) => right.endsWith(" events")),
      ["create events"],
    );
  });

  it("tell of each alert anew", async () => {
    const pod = await stage.pods.createPod("labelled");
    assert.deepEqual(
      [(await stage.alarm("Label", pod)).outcome, (await stage.alarm("Label", pod)).outcome],
      ["done", "done"],
    );
    const { namespace, name, uid } = pod.metadata;
    for (const { type, reason, message, source, involvedObject } of await toldEvents(
      stage.cluster,
      namespace,
      { name, namespace, uid },
      2,
    )) {
      assert.deepEqual(
        [type, reason, source, involvedObject],
        [
          "Warning",
          "Responded",
          { component: "response-engine" },
          { apiVersion: "v1", kind: "Pod", namespace, name, uid },
        ],
      );
      assert.match(message, /^Falco rule "Label": pod telling\/labelled labels: got seen=yes$/);
    }
  });

  it("tell of what failed", async () => {
    const pod = await stage.pods.createPod("unlabelled");
    assert.equal((await stage.alarm("Cut off", pod)).outcome, "failed");
    const { namespace, name, uid } = pod.metadata;
    const [event] = await toldEvents(stage.cluster, namespace, { name, namespace, uid }, 1);
    assert.deepEqual([event?.type, event?.reason], ["Warning", "ResponseFailed"]);
  });

  it("say of a resource that it was deleted, of one in no namespace too", async () => {
    const clusterRole = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "telling-of-it" },
      rules: [],
    };
    await stage.cluster.api.demand("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", { body: clusterRole });
    await stage.cluster.api.demand("POST", `/apis/apps/v1/namespaces/${stage.pods.namespace}/deployments`, {
      body: deployment("telling-of-it"),
    });
    for (const [resource, kind, namespace] of [
      ["clusterroles", "ClusterRole", undefined],
      ["deployments", "Deployment", stage.pods.namespace],
    ] as const) {
      const target = {
        "ka.target.resource": resource,
        "ka.target.name": "telling-of-it",
        ...(namespace !== undefined && { "ka.target.namespace": namespace }),
      };
      const { outcome, said } = await stage.deliver("Delete", target);
      assert.equal(outcome, "done", said);
      const about = { kind, name: "telling-of-it", ...(namespace !== undefined && { namespace }) };
      const [event] = await toldEvents(stage.cluster, namespace ?? "default", about, 1);
      assert.match(event?.message ?? "", new RegExp(`^Falco rule "Delete": deleted ${resource} .*telling-of-it$`));
    }
  });

  it("don't tell of what was gone already", async () => {
    const target = {
      "ka.target.resource": "configmaps",
      "ka.target.name": "never-there",
      "ka.target.namespace": stage.pods.namespace,
    };
    const uuid = randomUUID();
    assert.equal((await stage.deliver("Delete", target, { uuid })).outcome, "gone");
    // it logs when there is nothing more to tell
    await loggedOf(stage.responder, uuid, 1);
    await toldEvents(stage.cluster, stage.pods.namespace, { name: "never-there" }, 0);
  });
});

function deployment(name: string): object {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: "main", image: "alpine:3" }] } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: { replicas: 0, selector: { matchLabels: labels }, template },
  };
}
