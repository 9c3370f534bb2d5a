import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { readStack } from "../../../lab/program/evaluate.ts";
import { readConfig, type StackConfig } from "../../../stack/config/config.ts";

/** Reads the stack dev's configuration with some of its values changed. */
async function read(changes: Record<string, unknown>, stack = "dev"): Promise<StackConfig> {
  const { project, config } = await readStack(stack, changes);
  await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, project, stack);
  pulumi.runtime.setAllConfig(config);
  return readConfig();
}

/** The lines of the error that name what is wrong. */
async function problems(changes: Record<string, unknown>): Promise<string[]> {
  try {
    await read(changes);
  } catch (error) {
    assert.ok(pulumi.RunError.isInstance(error), "an error that Pulumi prints without a stack trace");
    const [, ...lines] = error.message.split("\n");
    assert.match(lines.pop() ?? "", /pulumi config set/);
    return lines.map((line) => line.trim());
  }
  return [];
}

describe("the stack's configuration", () => {
  after(() => {
    pulumi.runtime.setAllConfig({});
  });

  it("is read from the real files into one object", async () => {
    assert.deepEqual(await read({}), {
      cluster: {},
      knative: { install: true, version: "1.23.0", manifests: "" },
      broker: { name: "default", namespace: "default", class: "MTChannelBasedBroker" },
      falco: {
        chart: "falco",
        repository: "https://falcosecurity.github.io/charts",
        version: "9.1.0",
        namespace: "falco",
        driver: "modern_ebpf",
        values: {},
      },
      security: { networkPolicies: true, networkPolicyPeers: [] },
      image: { registry: "localhost:5000", repository: "responder", platform: "linux/amd64" },
      responder: {
        rules: ["rules.yaml"],
        settings: {
          dryRun: false,
          events: true,
          deduplicationSeconds: 60,
          protectedNamespaces: [
            "kube-system",
            "kube-public",
            "kube-node-lease",
            "falco",
            "knative-serving",
            "knative-eventing",
            "kourier-system",
          ],
        },
        scale: { min: 0, max: 10, concurrency: 50 },
        resources: { requests: { cpu: "50m", memory: "96Mi" }, limits: { cpu: "500m", memory: "256Mi" } },
        timeoutSeconds: 60,
      },
      delivery: { retry: 10, backoffPolicy: "exponential", backoffDelay: "PT0.2S" },
    });
  });

  it("has in production another broker class, warm replicas and higher limits", async () => {
    const { broker, responder } = await read({}, "prod");
    assert.deepEqual(broker, {
      name: "default",
      namespace: "response-engine",
      class: "Kafka",
      config: { namespace: "knative-eventing", name: "kafka-broker-config" },
    });
    assert.equal(responder.scale.min, 2);
    assert.deepEqual(responder.resources.limits, { cpu: "2", memory: "512Mi" });
  });

  const REFUSED: [key: string, value: unknown, allowed: RegExp][] = [
    ["knative:install", "yes", /true or false/],
    ["knative:version", "v1.23.0", /without a leading "v"/],
    ["knative:manifests", "ftp://example.com", /base URL starting with http/],
    ["brokerName", "My_Broker", /Kubernetes name/],
    ["brokerNamespace", "a.b", /Kubernetes name/],
    ["brokerClass", " ", /any text/],
    ["brokerConfig", "kafka-broker-config", /NAMESPACE\/NAME/],
    ["falcoChart", "", /any text/],
    ["falcoRepository", "charts", /http/],
    ["falcoVersion", "latest", /a version/],
    ["falcoNamespace", "default", /other than brokerNamespace/],
    ["falcoDriver", "ebpf", /one of modern_ebpf, kmod, auto/],
    ["falcoValues", "[]", /a map/],
    ["responderImage", "Ghcr.io/Acme/responder:1", /image reference/],
    ["responderImage", "ghcr.io/acme/responder", /REPOSITORY:TAG/],
    ["registryServer", "https://localhost:5000", /HOST:PORT/],
    ["registryRepository", "acme/responder:1", /without a tag/],
    ["responderBuildImage", "node 24", /image reference/],
    ["responderBaseImage", "node 24", /image reference/],
    ["responderPlatform", "windows/amd64", /linux\/amd64, linux\/arm64/],
    ["responderRules", "[]", /1 or more/],
    ["responderProtectedNamespaces", '["Kube-System"]', /Kubernetes name/],
    ["responderMinScale", "-1", /whole number from 0/],
    ["responderMinScale", "11", /at most responderMaxScale, which is 10/],
    ["responderConcurrency", "1001", /0 to 1000/],
    ["responderTimeoutSeconds", "601", /1 to 600/],
    ["responderDeduplicationSeconds", "3601", /0 to 3600/],
    ["responderDryRun", "yes", /true or false/],
    ["responderCpuRequest", "1", /at most responderCpuLimit, which is 500m/],
    ["responderMemoryRequest", "1Gi", /at most responderMemoryLimit, which is 256Mi/],
    ["responderMemoryLimit", "lots", /quantity/],
    ["deliveryRetry", "2.5", /whole number/],
    ["deliveryBackoffPolicy", "quadratic", /exponential, linear/],
    ["deliveryBackoffDelay", "200ms", /ISO 8601/],
    ["deliveryTimeout", "PT0S", /longer than none/],
    ["deliveryDeadLetterSink", "/dead", /http/],
  ];
  for (const [key, value, allowed] of REFUSED) {
    it(`refuses ${JSON.stringify(value)} for ${key}, saying what is allowed`, async () => {
      const found = await problems({ [key]: value });
      const line = found.find((problem) => problem.startsWith(`${key}: `)) ?? "";
      assert.match(line, allowed, found.join("\n"));
      const shown = JSON.stringify(value).includes("[\\") ? "Kube-System" : String(value);
      assert.ok(line.includes(shown), `${line} does not show ${shown}`);
    });
  }

  it("tells all that is wrong at once", async () => {
    const found = await problems({ falcoDriver: "x", deliveryRetry: "y", "knative:install": "z" });
    assert.deepEqual(found.map((problem) => problem.split(": ")[0]).sort(), [
      "deliveryRetry",
      "falcoDriver",
      "knative:install",
    ]);
  });

  it("tells what is wrong with a key by itself and what two keys are wrong beside each other, each once", async () => {
    const found = await problems({ responderMinScale: 11, responderCpuRequest: "lots", falcoNamespace: "default" });
    assert.deepEqual(found.map((problem) => problem.split(": ")[0]).sort(), [
      "falcoNamespace",
      "responderCpuRequest",
      "responderMinScale",
    ]);
  });

  it("refuses a key that nothing reads, which is a misspelt one", async () => {
    const found = await problems({ responderMinScal: 1, "knative:instal": false });
    assert.deepEqual(found, ["knative:instal: there is no such key", "responderMinScal: there is no such key"]);
  });

  it("asks for a registry or a ready image where there is neither", async () => {
    const [problem = ""] = await problems({ registryServer: "" });
    assert.match(problem, /^registryServer: .*or set responderImage/);
    assert.deepEqual(await problems({ registryServer: "", responderImage: "ghcr.io/acme/responder:1" }), []);
  });

  it("wants user and password of the registry together, and never shows the password", async () => {
    assert.match((await problems({ registryUsername: "robot" })).join(), /^registryPassword: /);
    const found = (await problems({ registryPassword: "geheim" })).join();
    assert.match(found, /^registryUsername: /);
    assert.doesNotMatch(found, /geheim/);
  });

  it("gives the registry's password as a secret", async () => {
    const { image } = await read({ registryUsername: "robot", registryPassword: "geheim" });
    assert.ok("password" in image && pulumi.Output.isInstance(image.password));
    assert.equal(await pulumi.isSecret(image.password), true);
  });

  it("never shows the password in a URL that it refuses", async () => {
    const found = await problems({ deliveryDeadLetterSink: "ftp://robot:geheim@sink.example.com/" });
    assert.deepEqual(found, [
      'deliveryDeadLetterSink: "ftp://…@sink.example.com/" is not allowed; it takes empty, or an absolute http:// or https:// URL',
    ]);
  });

  it("takes no limit of replicas as more than any number of them", async () => {
    assert.deepEqual(await problems({ responderMinScale: 20, responderMaxScale: 0 }), []);
  });

  it("takes what Kubernetes and Knative take", async () => {
    const taken: Record<string, unknown[]> = {
      deliveryBackoffDelay: ["PT1S", "PT0.5S", "PT1M30S", "P1D", "PT2H"],
      responderMemoryLimit: ["256Mi", "1Gi", "268435456", "300M"],
      responderCpuLimit: ["1", "0.5", "1500m"],
      responderImage: ["responder:1", "localhost:5000/a/b_c:1", `ghcr.io/acme/responder@sha256:${"a".repeat(64)}`],
      responderProtectedNamespaces: ["[]", '["3scale", "kube-system"]'],
      falcoChart: ["falco", "./charts/falco", "/charts/falco", "oci://ghcr.io/charts/falco"],
      "knative:manifests": ["https://mirror.example.com/knative", "./manifests", "/srv/manifests"],
    };
    for (const [key, values] of Object.entries(taken)) {
      for (const value of values) assert.deepEqual(await problems({ [key]: value }), [], `${key}: ${String(value)}`);
    }
  });
});
