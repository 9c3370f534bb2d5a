import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { action, rule } from "./actions/rules.ts";
import type { ControlPlane } from "../support/control-plane.ts";
import { alarm, deliver, loggedOf } from "./deliver.ts";
import { eventually } from "../support/eventually.ts";
import { ownRightsOf } from "../support/rights.ts";
import { startResponder, type RunningResponder } from "../support/responder.ts";
import { controlPlane } from "./shared.ts";
import { Workloads } from "./workloads.ts";

interface Event {
  type: string;
  reason: string;
  message: string;
  source: { component: string };
  involvedObject: { apiVersion?: string; kind: string; namespace?: string; name: string; uid?: string };
}

const RULES = [
  rule("Label", [action("kubernetes:label", { labels: { seen: "yes" } })]),
  rule("Cut off", [action("kubernetes:networkpolicy")]),
  rule("Delete", [action("kubernetes:delete")]),
];

describe("Kubernetes Events without a window, against a real API", () => {
  let cluster: ControlPlane;
  let pods: Workloads;
  let responder: RunningResponder;

  before(async function () {
    cluster = await controlPlane(this);
    pods = new Workloads(cluster, "telling");
    await pods.createNamespace();
    responder = await startResponder(cluster, JSON.stringify(RULES), {
      defaultRules: false,
      config: { responderDeduplicationSeconds: 0 },
    });
  });

  after(async () => {
    await responder.stop();
  });

  it("take no right but that to create them", async () => {
    const rights = await ownRightsOf(cluster, ["default", "responder"], pods.namespace);
    assert.deepEqual(
      rights.filter((right) => right.endsWith(" events")),
      ["create events"],
    );
  });

  it("tell of each alert anew", async () => {
    const pod = await pods.createPod("labelled");
    assert.deepEqual(
      [(await alarm(responder, "Label", pod)).outcome, (await alarm(responder, "Label", pod)).outcome],
      ["done", "done"],
    );
    const { namespace, name, uid } = pod.metadata;
    for (const { type, reason, message, source, involvedObject } of await eventsOf(
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
    const pod = await pods.createPod("unlabelled");
    assert.equal((await alarm(responder, "Cut off", pod)).outcome, "failed");
    const { namespace, name, uid } = pod.metadata;
    const [event] = await eventsOf(namespace, { name, namespace, uid }, 1);
    assert.deepEqual([event?.type, event?.reason], ["Warning", "ResponseFailed"]);
  });

  it("say of a resource that it was deleted, of one in no namespace too", async () => {
    const clusterRole = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "telling-of-it" },
      rules: [],
    };
    await cluster.api.demand("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", { body: clusterRole });
    await cluster.api.demand("POST", `/apis/apps/v1/namespaces/${pods.namespace}/deployments`, {
      body: deployment("telling-of-it"),
    });
    for (const [resource, kind, namespace] of [
      ["clusterroles", "ClusterRole", undefined],
      ["deployments", "Deployment", pods.namespace],
    ] as const) {
      const target = {
        "ka.target.resource": resource,
        "ka.target.name": "telling-of-it",
        ...(namespace !== undefined && { "ka.target.namespace": namespace }),
      };
      const { outcome, said } = await deliver(responder, "Delete", target);
      assert.equal(outcome, "done", said);
      const about = { kind, name: "telling-of-it", ...(namespace !== undefined && { namespace }) };
      const [event] = await eventsOf(namespace ?? "default", about, 1);
      assert.match(event?.message ?? "", new RegExp(`^Falco rule "Delete": deleted ${resource} .*telling-of-it$`));
    }
  });

  it("don't tell of what was gone already", async () => {
    const target = {
      "ka.target.resource": "configmaps",
      "ka.target.name": "never-there",
      "ka.target.namespace": pods.namespace,
    };
    const uuid = randomUUID();
    assert.equal((await deliver(responder, "Delete", target, { uuid })).outcome, "gone");
    // it logs when there is nothing more to tell
    await loggedOf(responder, uuid, 1);
    await eventsOf(pods.namespace, { name: "never-there" }, 0);
  });

  /** Those about an object that the engine has written in a namespace, by what is known of the object. */
  async function eventsOf(namespace: string, about: Record<string, string>, count: number): Promise<Event[]> {
    const terms = Object.entries(about).map(([field, value]) => `involvedObject.${field}=${value}`);
    const selector = encodeURIComponent([...terms, "source=response-engine"].join(","));
    return eventually(`there are ${count} Events about ${about["name"] ?? ""}`, async () => {
      const { items } = await cluster.api.demand<{ items: Event[] }>(
        "GET",
        `/api/v1/namespaces/${namespace}/events?fieldSelector=${selector}`,
      );
      return items.length === count && items;
    });
  }
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
