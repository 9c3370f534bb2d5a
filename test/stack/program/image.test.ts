import assert from "node:assert/strict";
import { evaluateProgram } from "../../../lab/program/evaluate.ts";
import { describeStacks, DIGEST, find, podOf, programWith, SERVICES, STACKS } from "../evaluated.ts";

describeStacks("the responder's image", (stack, program) => {
  const expected = STACKS[stack];
  const image = `${expected.repository}@${DIGEST}`;

  it("builds the image for the registry, and deploys it by digest", () => {
    const { type, inputs } = find(program(), "image-build");
    assert.equal(type, "docker:index/image:Image");
    assert.equal(inputs["imageName"], `${expected.repository}:latest`);
    assert.deepEqual(inputs["build"], {
      args: {},
      context: ".",
      dockerfile: "responder/Dockerfile",
      platform: "linux/amd64",
    });
    assert.deepEqual(inputs["registry"], { server: expected.repository.split("/")[0] });
    for (const service of SERVICES) assert.equal(podOf(program(), service).containers[0].image, image);
  });

  it("needs no Secret to pull with where the registry asks for no user", () => {
    assert.ok(!program().resources.some(({ name }) => name === "image-pull"));
    for (const service of SERVICES) assert.ok(!("imagePullSecrets" in podOf(program(), service)), service);
  });
});

describe("the responder's image", () => {
  it("pushes with the registry's user and gives pods the same to pull with, encrypted", async () => {
    const config = {
      "knative:install": false,
      registryUsername: "robot",
      registryPassword: "geheim",
      responderBuildImage: "node:24",
      responderBaseImage: "base:1",
    };
    const program = await evaluateProgram({ stack: "prod", config });
    const build = find(program, "image-build");
    assert.deepEqual(build.inputs["registry"], {
      server: "registry.example.com",
      username: "robot",
      password: "geheim",
    });
    assert.deepEqual(build.secrets, ["registry.password"]);
    assert.deepEqual((build.inputs["build"] as { args: unknown }).args, {
      BUILD_IMAGE: "node:24",
      BASE_IMAGE: "base:1",
    });
    const secret = find(program, "image-pull");
    assert.equal(secret.inputs["type"], "kubernetes.io/dockerconfigjson");
    assert.deepEqual(secret.secrets, ["stringData"]);
    const text = (secret.inputs["stringData"] as Record<string, string>)[".dockerconfigjson"] ?? "";
    assert.deepEqual(JSON.parse(text), {
      auths: {
        "registry.example.com": {
          username: "robot",
          password: "geheim",
          auth: Buffer.from("robot:geheim").toString("base64"),
        },
      },
    });
    for (const service of SERVICES) {
      assert.deepEqual(podOf(program, service).imagePullSecrets, [{ name: secret.inputs.metadata.name }]);
    }
  });

  it("is a ready one, as it was given, where the stack names one, and nothing is built", async () => {
    const responderImage = `ghcr.io/acme/responder@${DIGEST}`;
    const program = await programWith({ registryServer: "", responderImage });
    assert.ok(!program.resources.some(({ type }) => type.startsWith("docker:")));
    for (const service of SERVICES) assert.equal(podOf(program, service).containers[0].image, responderImage);
    assert.equal(program.outputs["imageDigest"], responderImage);
  });
});
