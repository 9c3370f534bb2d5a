import assert from "node:assert/strict";
import { readPayload, type SidekickPayload } from "../../../lab/falcosidekick.ts";
import type { KubernetesObject } from "../../../lab/kubernetes/object.ts";
import type { ServiceObject } from "../../../lab/program/objects.ts";
import { beyondLimits, limitsOf, type Ending, type Limits } from "../../../lab/scenes/limits.ts";

const UID = "6e1f2a54-3a49-4a0e-9d0b-7d2f6f0c9b11";
const CONTAINER = "3ad7b26ded6d";

function alertWith(fields: Record<string, unknown>): SidekickPayload {
  const alert = { priority: "Notice", rule: "r", time: "2026-11-24T00:00:00Z", output_fields: { a: "b", ...fields } };
  const payload = readPayload(JSON.stringify(alert));
  assert.ok(typeof payload === "object");
  return payload;
}

/** About shop/web by its UID, unless other fields are given. */
const about = (fields: Record<string, unknown> = { "k8s.pod.uid": UID }): SidekickPayload =>
  alertWith({ "k8s.ns.name": "shop", "k8s.pod.name": "web", ...fields });

function object(kind: string, namespace: string | undefined, name: string, uid = UID): KubernetesObject {
  return {
    apiVersion: "v1",
    kind,
    metadata: { ...(namespace && { namespace }), name, uid, resourceVersion: "1", creationTimestamp: "" },
    spec: { nodeName: "node-1" },
    status: { containerStatuses: [{ containerID: `containerd://${CONTAINER}${"0".repeat(52)}` }] },
  };
}
const pod = (namespace: string, name: string, uid?: string): KubernetesObject => object("Pod", namespace, name, uid);

const limits = (...actionners: string[]): Limits => ({
  protectedNamespaces: new Set(["kube-system"]),
  dryRun: false,
  actionners: new Set(actionners.map((name) => `kubernetes:${name}`)),
});

/** What is wrong when these pods have gone, and the responder says "terminated". */
function judge(within: Limits, alert: SidekickPayload, gone: KubernetesObject[], more: Partial<Ending> = {}): string[] {
  const changes = gone.map((one) => ({ type: "DELETED" as const, object: one }));
  return beyondLimits(within, { alert, outcome: "terminated", before: gone, gone, changes, ...more });
}

describe("what the lab lets happen where nobody has written out what has to", () => {
  it("is that the pod goes which raised the alert, by its UID or by its container", () => {
    assert.deepEqual(judge(limits("terminate"), about(), [pod("shop", "web")]), []);
    assert.deepEqual(judge(limits("terminate"), about({ "container.id": CONTAINER }), [pod("shop", "web")]), []);
  });

  const strangers: [text: string, alert: SidekickPayload, pod: KubernetesObject, within?: Limits][] = [
    ["another of its name", about(), pod("shop", "web", "another")],
    ["one of its name with another container", about({ "container.id": "c0ffee00c001" }), pod("shop", "web")],
    ["one that only the name tells", about({}), pod("shop", "web")],
    ["one beside it", about(), pod("shop", "other")],
    ["one of its name elsewhere", about(), pod("default", "web")],
    ["any, for an alert of the host", alertWith({ "k8s.ns.name": null }), pod("shop", "web")],
    ["any, where no rule takes a pod away", about(), pod("shop", "web"), limits("label")],
    [
      "one of a protected namespace",
      about({ "k8s.ns.name": "kube-system", "k8s.pod.uid": UID }),
      pod("kube-system", "web"),
    ],
  ];
  for (const [text, alert, gone, within = limits("terminate")] of strangers) {
    it(`is not that a pod goes: ${text}`, () => {
      const [line] = judge(within, alert, [gone]);
      assert.match(
        line ?? "",
        new RegExp(`^${gone.metadata.namespace ?? ""}/${gone.metadata.name} is gone, and had to stay: `),
      );
    });
  }

  it("is that a drain takes the pods of the same node, and no others", () => {
    const [raised, beside, far] = [pod("shop", "web"), pod("default", "beside", "2"), pod("default", "far", "3")];
    far.spec = { nodeName: "node-2" };
    const drained = (gone: KubernetesObject[]): string[] =>
      judge(limits("drain"), about(), gone, { outcome: "done", before: [raised, beside, far] });
    assert.deepEqual(drained([raised, beside]), []);
    assert.match(drained([raised, far]).join(), /^default\/far is gone, .*,deleted Pod default\/far, and/);
  });

  it("is that a delete takes what the audit log's alert is about: a pod, or a namespace with its pods", () => {
    const gone = [pod("shop", "web")];
    const audited = (resource: string, namespace: string | null, name: string): string[] => {
      const target = { "ka.target.resource": resource, "ka.target.namespace": namespace, "ka.target.name": name };
      return judge(limits("delete"), alertWith(target), gone, { outcome: "done" });
    };
    assert.deepEqual(audited("pods", "shop", "web"), []);
    assert.deepEqual(audited("namespaces", null, "shop"), []);
    assert.equal(audited("pods", "shop", "other").length, 1);
    assert.equal(audited("configmaps", "shop", "web").length, 1);
  });

  it("is that other objects change in the alert's namespace, and that Events tell of it anywhere", () => {
    const change = (kind: string, namespace: string | undefined): string[] =>
      judge(limits("quarantine"), about(), [], {
        outcome: "done",
        changes: [{ type: "ADDED", object: object(kind, namespace, "x") }],
      });
    assert.deepEqual(
      [...change("NetworkPolicy", "shop"), ...change("Event", "default"), ...change("Node", undefined)],
      [],
    );
    assert.deepEqual(change("NetworkPolicy", "default"), [
      "created NetworkPolicy default/x, and the alert is not about its namespace",
    ]);
  });

  it("is nothing on a dry run", () => {
    const changes = [{ type: "MODIFIED" as const, object: object("Node", undefined, "node-1") }];
    const ending = { outcome: "dry-run", changes };
    assert.deepEqual(judge({ ...limits("cordon"), dryRun: true }, about(), [], ending), [
      "changed Node node-1, on a dry run",
    ]);
  });

  it("is that what the responder says is what has happened", () => {
    const gone = [pod("shop", "web")];
    const within = limits("terminate");
    assert.deepEqual(judge(within, about(), gone, { outcome: "ignored" }), [
      "the responder says ignored, and shop/web went",
    ]);
    assert.deepEqual(judge(within, about(), gone, { outcome: undefined }), [
      "the alert never came to the responder, and shop/web went",
    ]);
    assert.deepEqual(judge(within, about(), []), ["the responder says terminated, and no pod went"]);
    const going = pod("shop", "web");
    going.metadata.deletionTimestamp = "2026-11-24T00:00:00Z";
    assert.deepEqual(judge(within, about(), [], { changes: [{ type: "MODIFIED", object: going }] }), []);
  });

  it("is read off the Service that has rules", () => {
    const service: ServiceObject = {
      name: "responder",
      namespace: "default",
      args: [],
      env: { RULES_DIR: "/rules", PROTECTED_NAMESPACES: "falco, kube-system", DRY_RUN: "true" },
      mounts: {
        "/rules": {
          "rules.yaml":
            '- action: a\n  actionner: kubernetes:terminate\n- rule: r\n  actions: [{"actionner": "kubernetes:drain"}]\n',
          "file-1": "actionner: kubernetes:delete",
        },
      },
      serviceAccount: "responder",
    };
    assert.deepEqual(limitsOf([{ ...service, env: {} }, service]), {
      protectedNamespaces: new Set(["falco", "kube-system"]),
      dryRun: true,
      actionners: new Set(["kubernetes:terminate", "kubernetes:drain"]),
    });
    assert.throws(() => limitsOf([{ ...service, env: {} }]), /no Service with RULES_DIR/);
  });
});
