import assert from "node:assert/strict";
import { resourceOf, subjectOf, type Target } from "../../../responder/actions/subject.ts";
import { alert, POD_UID } from "../fixtures.ts";

const NO_POD = { "k8s.ns.name": null, "k8s.pod.name": null, "k8s.pod.uid": null };
const audit = (fields: Record<string, unknown>) =>
  alert({ ...NO_POD, "container.id": null, ...fields }, { source: "k8s_audit" });
const exec = audit({
  "ka.target.resource": "pods",
  "ka.target.subresource": "exec",
  "ka.target.namespace": "default",
  "ka.target.name": "alpine",
});

function described(of: ReturnType<typeof alert>, target: Target): string {
  const subject = subjectOf(of, target);
  return "outcome" in subject ? `${subject.outcome}: ${subject.message}` : subject.described;
}

describe("what an action works on", () => {
  it("is the pod that a syscall's alert names, told by its UID, or else by its container", () => {
    const reference = { apiVersion: "v1", kind: "Pod", namespace: "default", name: "alpine" };
    const pod = { described: "pod default/alpine", namespace: "default" };
    assert.deepEqual(subjectOf(alert(), "pod"), {
      ...pod,
      reference: { ...reference, uid: POD_UID },
      identity: POD_UID,
    });
    assert.deepEqual(subjectOf(alert({ "k8s.pod.uid": null }), "pod"), { ...pod, reference, identity: "3ad7b26ded6d" });
  });

  it("is the pod that an audit alert names, of an exec or of its creation", () => {
    assert.equal(described(exec, "pod"), "pod default/alpine");
    const created = audit({
      "ka.target.resource": "pods",
      "ka.target.namespace": "default",
      "ka.resp.name": "web-x7k2p",
    });
    assert.equal(described(created, "pod"), "pod default/web-x7k2p");
  });

  it("is the node that an alert of the host comes from, and of a pod's alert the pod by which it is found", () => {
    const host = alert({ ...NO_POD, "container.id": "host" });
    assert.equal(described(host, "node"), "node node-1");
    assert.equal(described(host, "pod"), "no-pod: the alert names no pod, nothing was done");
    assert.equal(described(alert(), "node"), "pod default/alpine");
  });

  it("is not known of a container that Falco could not name, and that is a failure", () => {
    const unnamed = alert({ ...NO_POD });
    for (const target of ["pod", "node"] as const) {
      const message = "failed: nothing was done: Falco could not name the pod of container 3ad7b26ded6d";
      assert.equal(described(unnamed, target), message);
    }
  });

  for (const name of ["..", "../x", "A b", "__proto__"]) {
    it(`is nothing where the alert's pod is called ${name}`, () => {
      for (const field of ["k8s.pod.name", "k8s.ns.name", "k8s.pod.uid"]) {
        assert.match(
          described(alert({ [field]: name }), "pod"),
          new RegExp(`^failed: nothing was done: the alert's ${field}: `),
        );
      }
    });
  }

  it("is an object that can be deleted, in a namespace where its kind is", () => {
    const object = (resource: string, name: string, namespace: string | null) =>
      audit({ "ka.target.resource": resource, "ka.target.name": name, "ka.target.namespace": namespace });
    assert.equal(described(object("configmaps", "x", "default"), "object"), "configmaps default/x");
    assert.equal(described(object("clusterroles", "system:x", "default"), "object"), "clusterroles system:x");
    assert.equal(described(object("roles", "system:x", "default"), "object"), "roles default/system:x");
    assert.match(
      described(object("configmaps", "system:x", "default"), "object"),
      /^failed: .* is no name of a ConfigMap$/,
    );
    assert.match(described(object("configmaps", "x", null), "object"), /^no-pod: /);
    assert.match(
      described(object("events", "x", "default"), "object"),
      /^failed: .*"events", is none that can be deleted$/,
    );
    assert.match(described(alert(), "object"), /^no-pod: /);
  });

  it("is in itself, where it is a namespace, so that a protected one is left alone", () => {
    const subject = subjectOf(audit({ "ka.target.resource": "namespaces", "ka.target.name": "prod" }), "object");
    assert.ok(!("outcome" in subject));
    assert.deepEqual([subject.described, subject.namespace], ["namespaces prod", "prod"]);
  });

  it("is of no kind by a name that every JavaScript object has", () => {
    for (const resource of ["constructor", "toString", "__proto__"])
      assert.equal(resourceOf({ resource, name: "x" }), undefined);
  });
});
