import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateProgram } from "../../../lab/program/evaluate.ts";
import { find } from "../evaluated.ts";

describe("Knative's installation", () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "program-"));
    for (const file of ["serving-core", "kourier", "eventing-core", "in-memory-channel", "mt-channel-broker"]) {
      const of = (apiVersion: string, kind: string): string =>
        JSON.stringify({ apiVersion, kind, metadata: { name: file } });
      await writeFile(
        join(folder, `${file}.yaml`),
        [
          of("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
          of("apps/v1", "Deployment"),
          of("v1", "ConfigMap"),
        ].join("\n---\n"),
      );
    }
  });

  after(() => rm(folder, { recursive: true }));

  it("installs Knative stage by stage, Serving and Eventing side by side, and all that uses it afterwards", async () => {
    const program = await evaluateProgram({ stack: "dev", config: { "knative:manifests": folder } });
    const groups = program.resources.filter(({ type }) => type === "kubernetes:yaml/v2:ConfigGroup");
    const stages = ["definitions", "workloads", "webhooks"];
    const chainOf = (files: string[]): string[] =>
      files.flatMap((file) => stages.map((stage) => `knative-${file}-${stage}`));
    for (const chain of [
      chainOf(["serving-core", "kourier"]),
      chainOf(["eventing-core", "in-memory-channel", "mt-channel-broker"]),
    ]) {
      for (const [index, name] of chain.entries()) {
        assert.deepEqual(find(program, name).dependsOn, index === 0 ? [] : [chain[index - 1]], name);
      }
    }
    assert.equal(groups.length, 15);
    for (const component of ["broker", "responder", "dead-letters", "alerts", "responses"]) {
      const { dependsOn } = find(program, component);
      for (const { name } of groups) assert.ok(dependsOn.includes(name), `${component} before ${name}`);
    }
  });
});
