import assert from "node:assert/strict";
import { DEAD_LETTER, RESPONDER, type Setting } from "../../responder/settings.ts";
import { environmentOf, readEnvironment } from "../../responder/environment.ts";

const ALL: [string, Setting][] = Object.entries({ ...RESPONDER, ...DEAD_LETTER });

describe("the responder's settings", () => {
  it("have a variable of their own each, and a key of their own where they have one", () => {
    const variables = ALL.map(([, { variable }]) => variable);
    assert.equal(new Set(variables).size, variables.length);
    const keys = ALL.flatMap(([, { key }]) => key ?? []);
    assert.equal(new Set(keys).size, keys.length);
  });

  it("have a default that can be written into the environment and read from it", () => {
    for (const [name, setting] of ALL) {
      if (setting.default === undefined) continue;
      const environment = environmentOf({ [name]: setting }, { [name]: setting.default });
      assert.deepEqual(readEnvironment({ [name]: setting }, environment), { [name]: setting.default }, name);
    }
  });

  it("say in whole sentences what they are for, and what is allowed in words that go on from another's", () => {
    for (const [name, { help, format }] of ALL) {
      assert.match(help, /^[A-Z].*\.$/, name);
      assert.match(format.allowed, /^["a-z].*[^.]$/, name);
    }
  });

  it("protect the cluster's own namespaces, Falco's and Knative's, where nobody has said otherwise", () => {
    const { protectedNamespaces } = readEnvironment(RESPONDER, {});
    for (const namespace of ["kube-system", "falco", "knative-serving", "knative-eventing", "kourier-system"])
      assert.ok(protectedNamespaces.includes(namespace), namespace);
  });

  it("never hold a namespace without a name", () => {
    const { protectedNamespaces } = readEnvironment(RESPONDER, { PROTECTED_NAMESPACES: "a,,b, ,3scale" });
    assert.deepEqual(protectedNamespaces, ["a", "b", "3scale"]);
  });

  it("name the responder's own services by namespace and name", () => {
    const ownServices = [
      { namespace: "default", name: "responder" },
      { namespace: "3scale", name: "responder-dead-letter" },
    ];
    const environment = environmentOf(RESPONDER, { ownServices });
    assert.deepEqual(environment, { OWN_SERVICES: "default/responder,3scale/responder-dead-letter" });
    assert.deepEqual(readEnvironment(RESPONDER, environment).ownServices, ownServices);
    assert.deepEqual(readEnvironment(RESPONDER, {}).ownServices, []);
    for (const value of ["responder", "/responder", "default/", "a/b/c", "A/b"]) {
      assert.throws(() => readEnvironment(RESPONDER, { OWN_SERVICES: value }), /OWN_SERVICES: ".*" is not allowed/);
    }
  });
});
