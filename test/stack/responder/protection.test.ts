import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { protectionOf } from "../../../stack/responder/protection.ts";
import { configured } from "../config/configured.ts";

const ALWAYS = [
  "kube-system",
  "kube-public",
  "kube-node-lease",
  "knative-serving",
  "knative-eventing",
  "kourier-system",
];

describe("what no rule ever acts on", () => {
  const protection = async (changes: Record<string, unknown>, stack = "dev") =>
    protectionOf(await configured(changes, stack));

  after(() => {
    pulumi.runtime.setAllConfig({});
  });

  it("is what Kubernetes, Knative and Falco have for their own, by the names in this stack", async () => {
    const { protectedNamespaces } = await protection({ falcoNamespace: "runtime-security" });
    assert.deepEqual(protectedNamespaces, [...ALWAYS, "runtime-security"]);
  });

  it("is that, whatever the configuration adds", async () => {
    for (const further of ["[]", '["payments", "kube-system"]']) {
      const { protectedNamespaces } = await protection({ responderProtectedNamespaces: further });
      for (const namespace of [...ALWAYS, "falco"]) assert.ok(protectedNamespaces.includes(namespace), namespace);
      assert.equal(new Set(protectedNamespaces).size, protectedNamespaces.length, "none twice");
      assert.equal(protectedNamespaces.includes("payments"), further.includes("payments"));
    }
  });

  it("is the Broker's namespace where that is one of its own, and not `default`, which is others' too", async () => {
    assert.ok((await protection({}, "prod")).protectedNamespaces.includes("response-engine"));
    assert.ok(!(await protection({})).protectedNamespaces.includes("default"));
  });

  it("is the responder itself and its dead letter service, wherever they are", async () => {
    for (const [stack, namespace] of [
      ["dev", "default"],
      ["prod", "response-engine"],
    ] as const) {
      assert.deepEqual((await protection({}, stack)).ownServices, [
        { namespace, name: "responder" },
        { namespace, name: "responder-dead-letter" },
      ]);
    }
  });

  it("holds no namespace without a name: the configuration can't add one", async () => {
    await assert.rejects(
      protection({ responderProtectedNamespaces: '[""]' }),
      /responderProtectedNamespaces: "" is not/,
    );
  });
});
