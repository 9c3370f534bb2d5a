import assert from "node:assert/strict";
import type { Program } from "../../../lab/program/evaluate.ts";
import { describeStacks, find, podOf, programWith, SERVICES, STACKS } from "../evaluated.ts";

interface Spec {
  podSelector: unknown;
  policyTypes: string[];
  ingress: [{ from: Record<string, unknown>[]; ports?: unknown }];
}

function policyOf(program: Program, name: string): Spec {
  return find(program, `network-${name}`).inputs.spec as unknown as Spec;
}

function policies(program: Program): string[] {
  return program.resources.filter(({ type }) => type.endsWith(":NetworkPolicy")).map(({ name }) => name);
}

const ofNamespace = (name: string) => ({ matchLabels: { "kubernetes.io/metadata.name": name } });
const OWN = {
  matchLabels: { "app.kubernetes.io/part-of": "response-engine" },
  matchExpressions: [{ key: "serving.knative.dev/service", operator: "Exists" }],
};
const SIDEKICK = {
  matchLabels: { "app.kubernetes.io/name": "falcosidekick", "app.kubernetes.io/component": "core" },
};

describeStacks("the network's rules", (stack, program) => {
  const { namespace } = STACKS[stack];

  it("let Falco's pods and the program's own reach falcosidekick's port, and nobody else, Eventing neither", () => {
    assert.equal(find(program(), "network-falcosidekick").inputs.metadata.namespace, "falco");
    assert.deepEqual(policyOf(program(), "falcosidekick"), {
      podSelector: SIDEKICK,
      policyTypes: ["Ingress"],
      ingress: [
        {
          from: [
            { podSelector: { matchLabels: { "app.kubernetes.io/name": "falco" } } },
            { namespaceSelector: ofNamespace(namespace), podSelector: OWN },
          ],
          ports: [{ protocol: "TCP", port: 2801 }],
        },
      ],
    });
  });

  it("let Knative Serving's pods and its gateway's reach the program's own, and nobody else", () => {
    assert.equal(find(program(), "network-services").inputs.metadata.namespace, namespace);
    const { podSelector, ingress } = policyOf(program(), "services");
    assert.deepEqual(podSelector, OWN);
    const [{ from, ports }] = ingress;
    assert.equal(ports, undefined);
    const [peer] = from as { namespaceSelector: { matchExpressions: [{ values: string[] }] } }[];
    assert.ok(peer?.namespaceSelector.matchExpressions[0].values.includes("knative-serving"));
    assert.equal(from.length, 1);
  });

  it("select the pods that the services have", () => {
    for (const service of SERVICES) {
      const { labels } = find(program(), service).inputs.spec.template.metadata as { labels?: Record<string, string> };
      assert.equal(labels?.["app.kubernetes.io/part-of"], "response-engine");
      assert.ok(podOf(program(), service));
    }
  });

  it("leave the ingress of a Broker alone that isn't the program's", () => {
    assert.deepEqual(policies(program()).sort(), ["network-falcosidekick", "network-services"]);
  });
});

describe("the network's rules with values of the stack's own", () => {
  it("let only falcosidekick, Eventing and the program's own reach the ingress of the Broker that it installs", async () => {
    const program = await programWith({
      "knative:install": true,
      "knative:manifests": "test/engine/knative",
      brokerNamespace: "alerts",
    });
    assert.equal(find(program, "network-broker-ingress").inputs.metadata.namespace, "knative-eventing");
    const { podSelector, ingress } = policyOf(program, "broker-ingress");
    assert.deepEqual(podSelector, { matchLabels: { "eventing.knative.dev/brokerRole": "ingress" } });
    assert.deepEqual(ingress[0].from, [
      { namespaceSelector: ofNamespace("falco"), podSelector: SIDEKICK },
      { namespaceSelector: ofNamespace("knative-eventing") },
      { namespaceSelector: ofNamespace("alerts"), podSelector: OWN },
    ]);
  });

  it("let further peers in, each of them everywhere", async () => {
    const networkPolicyPeers = [{ namespaceSelector: ofNamespace("monitoring") }, { ipBlock: { cidr: "10.0.0.0/8" } }];
    const program = await programWith({ networkPolicyPeers });
    for (const name of ["falcosidekick", "services"]) {
      assert.deepEqual(policyOf(program, name).ingress[0].from.slice(-2), networkPolicyPeers);
    }
  });

  it("aren't there where the stack turns them off", async () => {
    assert.deepEqual(policies(await programWith({ networkPolicies: false })), []);
  });

  it("don't take a peer that would be everybody", async () => {
    for (const peer of [{}, { cidr: "10.0.0.0/8" }, "monitoring"]) {
      await assert.rejects(programWith({ networkPolicyPeers: [peer] }), /networkPolicyPeers: .* is not allowed/);
    }
  });
});
