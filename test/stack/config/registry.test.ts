import assert from "node:assert/strict";
import { isSameRegistry, registryOf } from "../../../stack/config/registry.ts";

describe("the registry of an image", () => {
  const cases = {
    "ghcr.io/acme/responder:1": "ghcr.io",
    "localhost:5000/responder:1": "localhost:5000",
    "localhost/responder:1": "localhost",
    "responder:1": "docker.io",
    "acme/responder:1": "docker.io",
    "docker.io/acme/responder:1": "docker.io",
  };
  for (const [reference, registry] of Object.entries(cases)) {
    it(`${reference} is ${registry}`, () => {
      assert.equal(registryOf(reference), registry);
    });
  }

  it("is the same by another spelling, and by another of Docker's names for its own", () => {
    assert.ok(isSameRegistry("GHCR.io", "ghcr.io"));
    assert.ok(isSameRegistry("index.docker.io", "docker.io"));
    assert.ok(!isSameRegistry("docker.io", "ghcr.io"));
    assert.ok(!isSameRegistry("ghcr.io", "ghcr.io:443"));
  });
});
