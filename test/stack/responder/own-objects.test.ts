import assert from "node:assert/strict";
import { evaluateProgram } from "../../../lab/program/evaluate.ts";
import { readEnvironment } from "../../../responder/environment.ts";
import { protectionOf } from "../../../responder/engine/protection.ts";
import { DELETABLE } from "../../../responder/kubernetes/resources.ts";
import { RESPONDER } from "../../../responder/settings.ts";

interface Inputs {
  kind?: string;
  metadata?: { name?: string; namespace?: string };
  spec?: { template: { spec: { containers: [{ env: { name: string; value: string }[] }] } } };
}

describe("what the stack itself is made of", () => {
  const registry = {
    responderImage: "registry.example.com/responder:1",
    registryServer: "registry.example.com",
    registryUsername: "puller",
    registryPassword: "secret",
  };
  for (const [what, stack, more] of [
    ["beside others' objects in `default`", "dev", {}],
    ["with a Secret of its own for the image", "dev", registry],
    ["in a namespace of its own", "prod", {}],
  ] as const) {
    it(`is deleted by no rule, ${what}`, async () => {
      const { resources } = await evaluateProgram({ stack, config: { "knative:install": false, ...more } });
      const inputsOf = ({ inputs }: (typeof resources)[number]) => inputs as Inputs;
      const service = resources.find(({ name }) => name === "responder-service");
      assert.ok(service);
      const env = inputsOf(service).spec?.template.spec.containers[0].env.map(({ name, value }) => [name, value]);
      const { protectedNamespaces, ownServices } = readEnvironment(
        RESPONDER,
        Object.fromEntries(env ?? []) as Record<string, string>,
      );
      const engine = { protectedNamespaces: new Set(protectedNamespaces), ownServices };
      const own = resources.flatMap((resource) => {
        const { kind = "", metadata } = inputsOf(resource);
        const known = DELETABLE.some((one) => one.kind === kind);
        return known && metadata?.name !== undefined
          ? [{ kind, name: metadata.name, namespace: metadata.namespace }]
          : [];
      });
      assert.ok(own.length >= 6, JSON.stringify(own));
      assert.deepEqual(
        own.filter((one) => protectionOf(engine, one) === undefined),
        [],
      );
    });
  }
});
