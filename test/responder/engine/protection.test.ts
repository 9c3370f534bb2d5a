import assert from "node:assert/strict";
import { protectionOf } from "../../../responder/engine/protection.ts";

const WHO = {
  protectedNamespaces: new Set(["kube-system"]),
  ownServices: [{ namespace: "security", name: "responder" }],
};

describe("what is never touched", () => {
  it("is everything in a protected namespace", () => {
    assert.equal(protectionOf(WHO, "kube-system"), "its namespace is protected");
    assert.equal(protectionOf(WHO, "kube-system", "any"), "its namespace is protected");
  });

  it("is no namespace that is only called alike", () => {
    for (const namespace of ["kube-system2", "kube", "KUBE-SYSTEM", "kube-system ", ""]) {
      assert.equal(protectionOf(WHO, namespace, "pod"), undefined);
    }
  });

  it("is nothing of what is in no namespace", () => {
    assert.equal(protectionOf(WHO, undefined), undefined);
    assert.equal(protectionOf(WHO, undefined, "responder-00001-deployment-6d4b75cb6d-x7k2p"), undefined);
  });

  it("are the pods of the responder itself, of any of its revisions", () => {
    for (const pod of ["responder-00001-deployment-6d4b75cb6d-x7k2p", "responder-00042-deployment-abc-aaaaa"]) {
      assert.equal(protectionOf(WHO, "security", pod), "it is the response engine's own");
    }
  });

  it("are no other pods beside it", () => {
    for (const pod of [
      undefined,
      "responder",
      "responder-00001",
      "responder-ui-6d4b75cb6d-x7k2p",
      "responder-00001-deployment-6d4b75cb6d-x7k2p-more",
      "the-responder-00001-deployment-6d4b75cb6d-x7k2p",
      "responder-two-00001-deployment-6d4b75cb6d-x7k2p",
    ]) {
      assert.equal(protectionOf(WHO, "security", pod), undefined, pod);
    }
    assert.equal(protectionOf(WHO, "shop", "responder-00001-deployment-6d4b75cb6d-x7k2p"), undefined);
  });
});
