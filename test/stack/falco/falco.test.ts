import assert from "node:assert/strict";
import { brokerUrlOf, describeStacks, envOf, find, programWith } from "../evaluated.ts";

/** How falcosidekick gets the key. */
const KEY_VARIABLE = {
  name: "CLOUDEVENTS_EXTENSIONS",
  valueFrom: { secretKeyRef: { name: "falcosidekick-alert-key", key: "extensions" } },
};

describeStacks("Falco", (stack, program) => {
  it("gives the Broker's URL to falcosidekick", () => {
    assert.deepEqual(find(program(), "falco-release").inputs.values.falcosidekick, {
      enabled: true,
      config: { cloudevents: { address: brokerUrlOf(stack) }, extraEnv: [KEY_VARIABLE] },
      podAnnotations: find(program(), "falco-release").inputs.values.falcosidekick.podAnnotations,
      webui: { enabled: true, image: { tag: "2.3.0" }, redis: { storageEnabled: false } },
    });
    assert.ok(find(program(), "falco-release").dependsOn.includes("broker-broker"));
  });

  it("has a namespace that admits what reads the kernel's events", () => {
    const { metadata } = find(program(), "falco-namespace").inputs;
    assert.equal(metadata.name, "falco");
    assert.deepEqual(metadata.labels, { "pod-security.kubernetes.io/enforce": "privileged" });
  });

  it("installs the pinned Falco chart with the driver, the pod's UID and what the chart adds itself", () => {
    const { inputs } = find(program(), "falco-release");
    assert.equal(inputs["chart"], "falco");
    assert.equal(inputs["version"], "9.1.0");
    assert.deepEqual(inputs["repositoryOpts"], { repo: "https://falcosecurity.github.io/charts" });
    assert.deepEqual(inputs.values.driver, { kind: "modern_ebpf" });
    assert.deepEqual(inputs.values.falco, {
      json_output: true,
      append_output: [{ suggested_output: true }, { match: { source: "syscall" }, extra_fields: ["k8s.pod.uid"] }],
    });
  });
});

describe("Falco with values of the stack's own", () => {
  it("merges further Helm values over its own and keeps each of them secret", async () => {
    const falcoValues = {
      falcosidekick: { config: { slack: { webhookurl: "https://hooks.example.com/x" } } },
      driver: { kind: "kmod" },
      tolerations: [{ operator: "Exists" }],
    };
    const program = await programWith({ falcoValues });
    const { inputs, secrets } = find(program, "falco-release");
    assert.deepEqual(inputs.values.falcosidekick, {
      enabled: true,
      config: {
        cloudevents: { address: "http://broker-ingress.knative-eventing.svc.cluster.local/default/default" },
        slack: { webhookurl: "https://hooks.example.com/x" },
        extraEnv: [KEY_VARIABLE],
      },
      podAnnotations: inputs.values.falcosidekick.podAnnotations,
      webui: { enabled: true, image: { tag: "2.3.0" }, redis: { storageEnabled: false } },
    });
    assert.deepEqual(inputs.values.driver, { kind: "kmod" });
    assert.deepEqual(inputs.values["tolerations"], [{ operator: "Exists" }]);
    assert.deepEqual(secrets.sort(), [
      "values.driver.kind",
      "values.falcosidekick.config.slack.webhookurl",
      "values.tolerations",
    ]);
  });

  it("lets what is no map take the place of its own values whole", async () => {
    const falcoValues = { falco: { append_output: [] }, falcosidekick: { webui: false }, driver: "none" };
    const { values } = find(await programWith({ falcoValues }), "falco-release").inputs;
    assert.deepEqual(values.falco, { json_output: true, append_output: [] });
    assert.equal(values.falcosidekick.webui, false);
    assert.equal(values.driver, "none");
  });

  it("asks no repository for a chart in a folder, nor for a version of it", async () => {
    const { inputs } = find(await programWith({ falcoChart: "./charts/falco" }), "falco-release");
    assert.equal(inputs["chart"], "./charts/falco");
    assert.ok(!("repositoryOpts" in inputs) && !("version" in inputs));
  });

  it("is in the namespace that the stack says, as are the ways to falcosidekick and its UI", async () => {
    const program = await programWith({ falcoNamespace: "runtime-security" });
    assert.equal(find(program, "falco-release").inputs["namespace"], "runtime-security");
    assert.equal(
      envOf(program, "dead-letters-service")["FALCOSIDEKICK_URL"],
      "http://falco-falcosidekick.runtime-security.svc.cluster.local:2801/",
    );
    assert.equal(
      program.outputs["falcosidekickUi"],
      "kubectl --namespace runtime-security port-forward service/falco-falcosidekick-ui 2802",
    );
  });
});
