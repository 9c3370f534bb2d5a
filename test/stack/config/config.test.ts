import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { configured as read } from "./configured.ts";

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

const READY = `ghcr.io/acme/responder@sha256:${"a".repeat(64)}`;

describe("the stack's configuration", () => {
  after(() => {
    pulumi.runtime.setAllConfig({});
  });

  it("is read from the real files into one object", async () => {
    assert.deepEqual(await read({}), {
      cluster: {},
      knative: { install: true, version: "1.23.0", manifests: "", checkCluster: true },
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
      image: { registry: "localhost:5000", repository: "responder", platform: "linux/amd64", pullSecrets: [] },
      responder: {
        rules: ["rules.yaml"],
        protectedNamespaces: [],
        settings: {
          dryRun: false,
          events: true,
          deduplicationSeconds: 60,
          skipBrokenRules: false,
          findByContainer: false,
          timeoutSeconds: 60,
        },
        scale: { min: 0, max: 10, concurrency: 50 },
        resources: { requests: { cpu: "50m", memory: "96Mi" }, limits: { cpu: "500m", memory: "256Mi" } },
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
    ["knative:checkCluster", "maybe", /true or false/],
    ["brokerName", "My_Broker", /Kubernetes name/],
    ["brokerNamespace", "a.b", /Kubernetes name/],
    ["brokerClass", " ", /any text/],
    ["brokerClass", "RabbitMQBroker", /needs a RabbitmqBrokerConfig .*carry out filters.* such as Kafka/],
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
    ["imagePullSecrets", '["Kube-System"]', /Kubernetes name/],
    ["responderProtectedNamespaces", '["Kube-System"]', /Kubernetes name/],
    ["responderSkipBrokenRules", "yes", /true or false/],
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
    assert.deepEqual(await problems({ registryServer: "", responderImage: READY }), []);
  });

  it("wants user and password of the registry together, and never shows the password", async () => {
    assert.match((await problems({ registryUsername: "robot" })).join(), /^registryPassword: /);
    const found = (await problems({ registryPassword: "geheim" })).join();
    assert.match(found, /^registryUsername: /);
    assert.doesNotMatch(found, /geheim/);
  });

  it("wants the registry's user of a ready image to be one of the image's registry, and names both", async () => {
    const user = { registryUsername: "robot", registryPassword: "geheim", responderImage: READY };
    const refused = { "localhost:5000": user, "": user, "docker.io": user, "ghcr.io:443": user };
    for (const [registryServer, changes] of Object.entries(refused)) {
      const found = await problems({ ...changes, registryServer });
      assert.equal(found.length, 1, registryServer);
      assert.match(found[0] ?? "", /^registryServer: .*"ghcr\.io", the registry of responderImage/);
      assert.ok(found[0]?.startsWith(`registryServer: "${registryServer}" is not allowed`), found[0]);
    }
    assert.deepEqual(await problems({ ...user, registryServer: "ghcr.io" }), []);
    assert.deepEqual(await problems({ ...user, registryServer: "docker.io", responderImage: "acme/responder:1" }), []);
    assert.deepEqual(await problems({ responderImage: READY, registryServer: "localhost:5000" }), [], "without a user");
  });

  it("warns of a ready image by tag, and not of one by digest", async () => {
    const warningsOf = async (responderImage: string): Promise<string[]> => {
      const warnings: string[] = [];
      await read({ responderImage }, "dev", warnings);
      return warnings;
    };
    const [warning = "", ...others] = await warningsOf("ghcr.io/acme/responder:1");
    assert.match(warning, /^responderImage: "ghcr\.io\/acme\/responder:1" is a tag: .*REPOSITORY@sha256:/);
    assert.deepEqual(others, []);
    assert.deepEqual(await warningsOf(READY), []);
  });

  it("warns of a registry password that ends after some hours, unless Secrets are named, and never shows it", async () => {
    for (const registryUsername of ["AWS", "oauth2accesstoken"]) {
      const user = { registryUsername, registryPassword: "geheim" };
      const warnings: string[] = [];
      await read(user, "prod", warnings);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? "", /^registryUsername: .*end after some hours.*nodes.*imagePullSecrets$/);
      assert.doesNotMatch(warnings[0] ?? "", /geheim/);
      await read({ ...user, imagePullSecrets: '["ecr"]' }, "prod", warnings);
      assert.equal(warnings.length, 1);
    }
    const warnings: string[] = [];
    await read({ registryUsername: "robot", registryPassword: "geheim" }, "prod", warnings);
    assert.deepEqual(warnings, []);
  });

  it("refuses a dead letter sink and a mirror with a password in the URL, and doesn't show it", async () => {
    for (const key of ["deliveryDeadLetterSink", "knative:manifests"]) {
      const [found = ""] = await problems({ [key]: "https://robot:geheim@example.com/x" });
      assert.match(found, /without a user and password/);
      assert.doesNotMatch(found, /geheim/);
    }
  });

  it("gives the registry's password as a secret", async () => {
    const { image } = await read({ registryUsername: "robot", registryPassword: "geheim" });
    assert.ok(pulumi.Output.isInstance(image.password));
    assert.equal(await pulumi.isSecret(image.password), true);
  });

  it("never shows the password in a URL that it refuses", async () => {
    const found = await problems({ deliveryDeadLetterSink: "ftp://robot:geheim@sink.example.com/" });
    assert.deepEqual(found, [
      'deliveryDeadLetterSink: "ftp://…@sink.example.com/" is not allowed; it takes empty, or an absolute http:// or https:// URL, without a user and password',
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
