import assert from "node:assert/strict";
import { protectionOf } from "../../../responder/engine/protection.ts";
import { DELETABLE } from "../../../responder/kubernetes/resources.ts";
import { alert, cluster } from "../fixtures.ts";
import { APP, responseOf, verbs } from "./given.ts";

const WHO = {
  protectedNamespaces: new Set(["kube-system"]),
  ownServices: [
    { namespace: "security", name: "responder" },
    { namespace: "security", name: "responder-dead-letter" },
  ],
};
const OWN = "it is the response engine's own";
const of = (kind: string, name: string, namespace?: string) => protectionOf(WHO, { kind, name, namespace });

describe("what is never touched", () => {
  it("is everything in a protected namespace, and that itself", () => {
    for (const { kind, namespaced } of DELETABLE)
      if (namespaced) assert.equal(of(kind, "any", "kube-system"), "its namespace is protected", kind);
    assert.equal(of("Namespace", "kube-system"), "its namespace is protected");
  });

  it("is no namespace that is only called alike", () => {
    for (const namespace of ["kube-system2", "kube", "KUBE-SYSTEM", "kube-system ", ""]) {
      assert.equal(of("Pod", "pod", namespace), undefined);
      assert.equal(of("Namespace", namespace), undefined);
    }
  });

  it("is nothing of what is in no namespace, but for what Kubernetes' own rights hang on", () => {
    assert.equal(of("Node", "responder"), undefined);
    assert.equal(of("ClusterRole", "shop-admin"), undefined);
    for (const kind of ["ClusterRole", "ClusterRoleBinding"]) {
      assert.equal(of(kind, "system:node"), "it is Kubernetes' own");
      assert.equal(of(kind, "cluster-admin"), "it is Kubernetes' own");
    }
    assert.equal(of("Role", "system:shop", "shop"), undefined, "a name like that is anybody's within a namespace");
  });

  it("are the pods of the responder itself, of any of its revisions", () => {
    for (const pod of ["responder-00001-deployment-6d4b75cb6d-x7k2p", "responder-00042-deployment-abc-aaaaa"]) {
      assert.equal(of("Pod", pod, "security"), OWN);
    }
  });

  it("are no other pods beside it", () => {
    for (const pod of [
      "responder",
      "responder-00001",
      "responder-ui-6d4b75cb6d-x7k2p",
      "responder-00001-deployment-6d4b75cb6d-x7k2p-more",
      "the-responder-00001-deployment-6d4b75cb6d-x7k2p",
      "responder-two-00001-deployment-6d4b75cb6d-x7k2p",
    ]) {
      assert.equal(of("Pod", pod, "security"), undefined, pod);
    }
    assert.equal(of("Pod", "responder-00001-deployment-6d4b75cb6d-x7k2p", "shop"), undefined);
  });

  for (const [kind, name] of [
    ["Service", "responder"],
    ["Service", "responder-00001-private"],
    ["Deployment", "responder-00001-deployment"],
    ["ReplicaSet", "responder-00001-deployment-6d4b75cb6d"],
    ["ConfigMap", "responder-rules-0f1e2d3c4b"],
    ["ConfigMap", "responder-switch"],
    ["Role", "responder-switch"],
    ["RoleBinding", "responder-switch"],
    ["Secret", "responder-registry"],
    ["Secret", "responder-alert-keys"],
    ["NetworkPolicy", "response-engine-services"],
    ["ServiceAccount", "responder"],
    ["ServiceAccount", "responder-dead-letter"],
    ["Deployment", "responder-dead-letter-00003-deployment"],
  ] as const) {
    it(`is what the responder is made of: ${kind} ${name}, where it is and nowhere else`, () => {
      assert.equal(of(kind, name, "security"), OWN);
      assert.equal(of(kind, name, "shop"), undefined);
    });
  }

  it("are the rights that it has, and the namespace that it is in", () => {
    assert.equal(of("ClusterRole", "responder"), OWN);
    assert.equal(of("ClusterRoleBinding", "responder"), OWN);
    assert.equal(of("Namespace", "security"), OWN);
    assert.equal(of("Namespace", "responder"), undefined);
  });

  it("is nothing of others' that is called alike", () => {
    for (const name of ["responder-ui", "responders", "responder-000011", "the-responder", "responder-rulesets"])
      assert.equal(of("ConfigMap", name, "security"), undefined, name);
  });

  it("holds for what a drain finds on the node that the responder itself is on", async () => {
    const on = (namespace: string, name: string) => ({
      metadata: { namespace, name, uid: `uid-${name}` },
      spec: { nodeName: "node-1", containers: [] },
    });
    const own = "responder-00001-deployment-6d4b75cb6d-x7k2p";
    const pods = [on("security", own), on("kube-system", "dns"), on("shop", own), on("security", "other")];
    const asked = cluster({ pod: APP, onNode: () => pods });
    const yaml = '- rule: R\n  actions: [{action: D, actionner: "kubernetes:drain"}]';
    const { outcome } = await responseOf(asked, yaml, WHO);
    assert.equal(outcome, "done");
    const evicted = asked.calls.filter(({ verb }) => verb === "evict").map(({ body }) => body);
    assert.deepEqual(
      evicted.map((body) => (body as { metadata: unknown }).metadata),
      [
        { name: own, namespace: "shop" },
        { name: "other", namespace: "security" },
      ],
    );
  });

  it("holds for every target of an action, and nothing is asked of the API", async () => {
    const own = { "k8s.ns.name": "security", "k8s.pod.name": "responder-00001-deployment-6d4b75cb6d-x7k2p" };
    for (const actionner of ["terminate", "quarantine", "cordon", "drain", "log"]) {
      const asked = cluster({ pod: APP });
      const yaml = `- rule: R\n  actions: [{action: A, actionner: "kubernetes:${actionner}"}]`;
      const { outcome, steps } = await responseOf(
        asked,
        yaml,
        { ...WHO, deduplicationSeconds: 60, events: true },
        alert(own),
      );
      assert.equal(outcome, "ignored", actionner);
      assert.match(steps[0]?.message ?? "", /it is the response engine's own$/);
      assert.deepEqual(verbs(asked), []);
    }
  });
});
