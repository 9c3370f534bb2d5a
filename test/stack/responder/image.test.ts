import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { ResponderImage } from "../../../stack/responder/image.ts";
import { mockEngine, settled, type Registered } from "./mocks.ts";

const BUILD = { registry: "registry.example.com", repository: "security/responder", platform: "linux/amd64" } as const;
const namespace = "response-engine";

describe("the responder's image", () => {
  let registered: Registered[];

  beforeEach(async () => {
    registered = await mockEngine();
  });

  function only(type: string): Record<string, unknown> {
    const found = registered.filter((one) => one.type === type);
    assert.equal(found.length, 1, `${type} among ${registered.map((one) => one.type).join(", ")}`);
    return found[0]?.inputs ?? {};
  }

  it("is the one that was given, as it was given, and nothing is built or pulled with", async () => {
    const reference = "ghcr.io/acme/responder:1";
    const image = new ResponderImage("image", { image: { reference }, namespace }, {});
    assert.equal(await settled(image.reference), reference);
    await settled(image.urn);
    assert.deepEqual(image.pullSecrets, []);
    assert.deepEqual(
      registered.map(({ type }) => type),
      ["response-engine:stack:ResponderImage"],
    );
  });

  it("is built from the Dockerfile for the nodes, and named by its digest", async () => {
    const image = new ResponderImage("image", { image: BUILD, namespace }, {});
    assert.equal(await settled(image.reference), "image-build@sha256:0123");
    assert.deepEqual(image.pullSecrets, [], "a registry that asks for no user");
    const { imageName, registry, build } = only("docker:index/image:Image");
    assert.equal(imageName, "registry.example.com/security/responder:latest");
    assert.deepEqual(registry, { server: "registry.example.com" });
    assert.deepEqual(build, { context: ".", dockerfile: "responder/Dockerfile", platform: "linux/amd64", args: {} });
  });

  it("is built with, and runs on, the images that are named", async () => {
    const images = { buildImage: "node:24", baseImage: "base:1" };
    const image = new ResponderImage("image", { image: { ...BUILD, ...images }, namespace }, {});
    await settled(image.reference);
    const { args } = only("docker:index/image:Image")["build"] as { args: unknown };
    assert.deepEqual(args, { BUILD_IMAGE: "node:24", BASE_IMAGE: "base:1" });
  });

  const user = { username: "robot", password: pulumi.secret("geheim") };
  const READY = { reference: "registry.example.com/security/responder:1", registry: "registry.example.com" };

  for (const [what, image] of [
    ["is pulled with the user that it was pushed with, from a Secret beside the pods", BUILD],
    ["is pulled with the registry's user where it is a ready one, too", READY],
  ] as const) {
    it(what, async () => {
      const { pullSecrets } = new ResponderImage("image", { image: { ...image, ...user }, namespace }, {});
      assert.deepEqual(await settled(pulumi.all(pullSecrets)), ["responder-registry"]);
      const { metadata, type, stringData } = only("kubernetes:core/v1:Secret");
      assert.deepEqual(metadata, { name: "responder-registry", namespace });
      assert.equal(type, "kubernetes.io/dockerconfigjson");
      assert.match(JSON.stringify(stringData), /registry\.example\.com.*robot.*geheim/);
    });
  }

  for (const [what, changes, names] of [
    ["the Secrets that are named", { pullSecrets: ["ecr", "mirror"] }, ["ecr", "mirror"]],
    ["the nodes' own credentials where the password would end", { username: "AWS" }, []],
    ["the Secrets that are named where the password would end", { username: "AWS", pullSecrets: ["ecr"] }, ["ecr"]],
  ] as const) {
    it(`is pulled with ${what}, and the password is copied nowhere`, async () => {
      const image = new ResponderImage("image", { image: { ...BUILD, ...user, ...changes }, namespace }, {});
      await settled(image.reference);
      assert.deepEqual(await settled(pulumi.all(image.pullSecrets)), names);
      assert.deepEqual(
        registered.map(({ type }) => type).filter((type) => type.endsWith("Secret")),
        [],
      );
      const { registry } = only("docker:index/image:Image");
      assert.match(JSON.stringify(registry), /geheim/, "it is pushed with it");
    });
  }
});
