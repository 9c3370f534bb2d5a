import assert from "node:assert/strict";
import { describeStacks, find, programOf, programWith, STACKS } from "../evaluated.ts";

describeStacks("the Broker", (stack, program) => {
  const expected = STACKS[stack];
  const { namespace } = expected;

  it("makes the Broker of the configured class and waits until it is Ready", () => {
    const { inputs, timeouts } = find(program(), "broker-broker");
    assert.deepEqual(inputs.metadata, {
      name: "default",
      namespace,
      annotations: {
        "eventing.knative.dev/broker.class": expected.brokerClass,
        "pulumi.com/waitFor": "condition=Ready",
      },
    });
    assert.deepEqual(timeouts, { create: "5m", update: "5m" });
  });
});

describe("the Broker with values of the stack's own", () => {
  it("has the name, the namespace and the configuration that the stack says", async () => {
    const program = await programWith({
      brokerName: "alerts",
      brokerNamespace: "security",
      brokerConfig: "knative-eventing/kafka-broker-config",
    });
    const { metadata, spec } = find(program, "broker-broker").inputs;
    assert.deepEqual([metadata.namespace, metadata.name], ["security", "alerts"]);
    assert.deepEqual(spec.config, {
      apiVersion: "v1",
      kind: "ConfigMap",
      namespace: "knative-eventing",
      name: "kafka-broker-config",
    });
    assert.equal(find(program, "alerts-trigger").inputs.spec.broker, "alerts");
    assert.equal(
      program.outputs["brokerUrl"],
      "http://broker-ingress.knative-eventing.svc.cluster.local/security/alerts",
    );
  });

  it("has none of its own where the stack names none", async () => {
    const { inputs } = find(await programOf("dev"), "broker-broker");
    assert.deepEqual(inputs.spec, {});
  });
});
