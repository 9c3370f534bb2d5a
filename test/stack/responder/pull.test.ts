import assert from "node:assert/strict";
import { evaluateProgram, type Program } from "../../../lab/program/evaluate.ts";

const READY = {
  "knative:install": false,
  responderImage: "registry.acme.example/security/responder:2026.11",
  registryServer: "registry.acme.example",
  registryUsername: "puller",
  registryPassword: "geheim",
};

describe("the services' image", () => {
  const evaluate = (changes: Record<string, unknown> = {}): Promise<Program> =>
    evaluateProgram({ stack: "prod", config: { ...READY, ...changes } });

  /** What each of the two services is pulled with. */
  function pulledWith({ resources }: Program): unknown[] {
    return ["responder-service", "dead-letters-service"].map((service) => {
      const inputs = resources.find(({ name }) => name === service)?.inputs as {
        spec: { template: { spec: { imagePullSecrets?: unknown } } };
      };
      return inputs.spec.template.spec.imagePullSecrets;
    });
  }

  const secretsOf = ({ resources }: Program) => resources.filter(({ name }) => name === "image-pull");

  it("is pulled by both with the registry's user where it is a ready one of a private registry", async () => {
    const program = await evaluate();
    const [secret, ...others] = secretsOf(program);
    assert.ok(secret);
    assert.deepEqual(others, []);
    const { metadata, stringData } = secret.inputs as {
      metadata: { name: string; namespace: string };
      stringData: Record<string, string>;
    };
    assert.equal(metadata.namespace, "response-engine", "where the pods are");
    const { auths } = JSON.parse(stringData[".dockerconfigjson"] ?? "") as { auths: Record<string, unknown> };
    assert.deepEqual(Object.keys(auths), ["registry.acme.example"]);
    assert.deepEqual(secret.secrets, ["stringData"], "encrypted in the state");
    const named = [{ name: metadata.name }];
    assert.deepEqual(pulledWith(program), [named, named]);
    assert.ok(!program.resources.some(({ type }) => type.startsWith("docker:")), "nothing is built");
  });

  it("is pulled by both with the Secrets that are named, and no password is copied", async () => {
    const program = await evaluate({ registryUsername: "AWS", imagePullSecrets: ["ecr"] });
    assert.deepEqual(secretsOf(program), []);
    assert.deepEqual(pulledWith(program), [[{ name: "ecr" }], [{ name: "ecr" }]]);
    assert.doesNotMatch(JSON.stringify(program.resources), /geheim/);
  });

  it("is never pulled with a copy of a password that ends after some hours", async () => {
    const program = await evaluate({ registryUsername: "AWS" });
    assert.deepEqual(secretsOf(program), []);
    assert.deepEqual(pulledWith(program), [undefined, undefined]);
  });

  it("stops the program where the user is one of another registry than the image's, with both names", async () => {
    await assert.rejects(
      evaluate({ registryServer: "ghcr.io" }),
      /registryServer: "ghcr\.io" is not allowed; it takes "registry\.acme\.example", the registry of responderImage/,
    );
  });
});
