import assert from "node:assert/strict";
import { subjectOf, type Target } from "../../../responder/actions/subject.ts";
import { alert, POD_UID } from "../fixtures.ts";

const NO_POD = { "container.id": null, "k8s.ns.name": null, "k8s.pod.name": null, "k8s.pod.uid": null };
const audit = (resource: string, more: Record<string, unknown> = {}) => ({
  ...NO_POD,
  "ka.target.resource": resource,
  "ka.target.name": "x",
  "ka.target.namespace": "shop",
  ...more,
});
const of = (fields: Record<string, unknown>, target: Target) => subjectOf(alert(fields), target);
/** What it is called, or how it ended before it began. */
function told(fields: Record<string, unknown>, target: Target): string {
  const subject = of(fields, target);
  return "outcome" in subject ? `${subject.outcome}: ${subject.message}` : subject.described;
}

describe("what an action would touch", () => {
  it("is the alert's pod, told from another of its name by the UID, or the container", () => {
    const pod = of({}, "pod");
    assert.ok("identity" in pod);
    assert.deepEqual([pod.described, pod.identity], ["pod default/alpine", POD_UID]);
    const byContainer = of({ "k8s.pod.uid": null }, "pod");
    assert.ok("identity" in byContainer);
    assert.equal(byContainer.identity, "3ad7b26ded6d");
  });

  it("is the pod's node by way of the pod, so that its namespace is looked at", () => {
    assert.equal(told({}, "node"), "pod default/alpine");
  });

  it("is the node of an alert of the host, for an action on nodes alone", () => {
    const host = { ...NO_POD, "container.id": "host" };
    assert.equal(told(host, "node"), "node node-1");
    assert.match(told(host, "pod"), /^no-pod: the alert names no pod/);
  });

  it("is the object that an audit alert names, by its kind's own plural and group", () => {
    assert.equal(told(audit("deployments"), "object"), "deployments shop/x");
    assert.equal(
      told(audit("deployments", { "ka.uri": "/apis/apps/v1/namespaces/shop/deployments/x" }), "object"),
      "deployments shop/x",
    );
    assert.equal(told(audit("clusterroles"), "object"), "clusterroles x");
  });

  it("is the object whose subresource was asked for", () => {
    assert.equal(told(audit("deployments", { "ka.target.subresource": "scale" }), "object"), "deployments shop/x");
    assert.equal(
      told(audit("serviceaccounts", { "ka.target.subresource": "token" }), "object"),
      "serviceaccounts shop/x",
    );
  });

  for (const [resource, uri, group] of [
    ["services", "/apis/serving.knative.dev/v1/namespaces/shop/services/x", "serving.knative.dev"],
    ["pods", "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods/x", "metrics.k8s.io"],
    ["deployments", "/api/v1/namespaces/shop/deployments/x", ""],
    ["networkpolicies", "/apis/crd.projectcalico.org/v1/namespaces/shop/networkpolicies/x", "crd.projectcalico.org"],
  ] as const) {
    it(`is nothing where ${resource} are those of the API group "${group}", which only are called alike`, () => {
      const of = group === "" ? "" : ` of the API group ${group}`;
      const message = `failed: nothing was done: the alert's ka.target.resource, "${resource}"${of}, is none that can be deleted`;
      assert.equal(told(audit(resource, { "ka.uri": uri }), "object"), message);
    });
  }

  it("is nothing where a container has no pod, and that is a failure that people see", () => {
    const message = "failed: nothing was done: Falco could not name the pod of container 3ad7b26ded6d";
    for (const target of ["pod", "node"] as const)
      assert.equal(told({ ...NO_POD, "container.id": "3ad7b26ded6d" }, target), message);
  });
});
