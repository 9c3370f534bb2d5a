import assert from "node:assert/strict";
import { find, programWith } from "./evaluated.ts";

describe("a namespace", () => {
  for (const [brokerNamespace, falcoNamespace] of [
    ["default", "kubeflow"],
    ["defaults", "kube-system"],
    ["my-kube-tools", "kube-public"],
  ] as const) {
    it(`is made with the stack unless every cluster has it: ${brokerNamespace}, ${falcoNamespace}`, async () => {
      const program = await programWith({ brokerNamespace, falcoNamespace });
      const made = program.resources.filter(({ type }) => type === "kubernetes:core/v1:Namespace");
      assert.deepEqual(
        made.map(({ name }) => find(program, name).inputs.metadata.name).sort(),
        [brokerNamespace, falcoNamespace].filter((name) => !["default", "kube-system", "kube-public"].includes(name)),
      );
      assert.equal(find(program, "broker-broker").inputs.metadata.namespace, brokerNamespace);
      assert.equal(find(program, "falco-release").inputs["namespace"], falcoNamespace);
    });
  }
});
