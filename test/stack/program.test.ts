import assert from "node:assert/strict";
import { brokerUrlOf, describeStacks, DIGEST, find, programWith, STACKS } from "./evaluated.ts";

describeStacks("the program", (stack, program) => {
  const expected = STACKS[stack];
  const { namespace } = expected;
  const image = `${expected.repository}@${DIGEST}`;

  it("tells its URLs, the digest, the way to the UI and the rules in force", () => {
    assert.deepEqual(program().outputs, {
      brokerUrl: brokerUrlOf(stack),
      responderUrl: `http://responder.${namespace}.svc.cluster.local`,
      imageDigest: image,
      falcosidekickUi: "kubectl --namespace falco port-forward service/falco-falcosidekick-ui 2802",
      rules: ['Terminal shell in container: "Terminal shell in container" -> kubernetes:terminate'],
    });
  });

  it("creates the namespaces that no cluster has by itself", () => {
    const namespaces = program()
      .resources.filter(({ type }) => type === "kubernetes:core/v1:Namespace")
      .map(({ name }) => name);
    assert.deepEqual(
      namespaces.sort(),
      namespace === "default" ? ["falco-namespace"] : ["broker-namespace", "falco-namespace"],
    );
  });

  it("names every child after its component", () => {
    for (const { name, parent } of program().resources) assert.ok(!parent || name.startsWith(`${parent}-`), name);
  });
});

describe("the program", () => {
  it("lets ConfigMaps and Secrets change in place", async () => {
    const program = await programWith({ "kubernetes:context": "kind" });
    assert.deepEqual(find(program, "cluster").inputs, {
      context: "kind",
      enableConfigMapMutable: "true",
      enableSecretMutable: "true",
    });
  });
});
