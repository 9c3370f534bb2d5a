import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { evaluateProgram, type Program, type ProgramResource } from "../../lab/program/evaluate.ts";
import { permissionsOf } from "../../responder/rules/role.ts";
import { keyOf } from "../../responder/rules/folder.ts";
import { loadRules } from "../../responder/rules/load.ts";
import { alertFilters, responseFilters } from "../../stack/events/filters.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const SIDEKICK = "http://falco-falcosidekick.falco.svc.cluster.local:2801/";

/** The fields of the resources that are looked at here. */
interface Inputs {
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  data: Record<string, string>;
  rules: unknown;
  roleRef: unknown;
  subjects: unknown;
  spec: {
    config?: unknown;
    broker: string;
    filters: unknown;
    subscriber: unknown;
    delivery: Record<string, unknown>;
    template: { metadata: { annotations: Record<string, string> }; spec: PodSpec };
  };
  values: {
    driver: unknown;
    falco: { append_output: unknown; json_output: unknown };
    falcosidekick: unknown;
    [key: string]: unknown;
  };
  [field: string]: unknown;
}

interface PodSpec {
  serviceAccountName: string;
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: unknown;
  containerConcurrency: number;
  timeoutSeconds: number;
  containers: [Container];
  volumes?: unknown;
}

interface Container {
  image: string;
  args?: string[];
  env: { name: string; value: string }[];
  resources: unknown;
  securityContext: unknown;
  volumeMounts?: unknown;
}

function find(program: Program, name: string): ProgramResource & { inputs: Inputs } {
  const found = program.resources.find((resource) => resource.name === name);
  assert.ok(found, `no resource ${name} among ${program.resources.map((resource) => resource.name).join(", ")}`);
  return found as ProgramResource & { inputs: Inputs };
}

function podOf(program: Program, service: string): PodSpec {
  return find(program, service).inputs.spec.template.spec;
}

function envOf(program: Program, service: string): Record<string, string> {
  return Object.fromEntries(podOf(program, service).containers[0].env.map(({ name, value }) => [name, value]));
}

function refTo(name: string, namespace: string): unknown {
  return { ref: { apiVersion: "serving.knative.dev/v1", kind: "Service", name, namespace } };
}

const STACKS = {
  dev: {
    namespace: "default",
    brokerClass: "MTChannelBasedBroker",
    repository: "localhost:5000/responder",
    scale: { min: "0", max: "10" },
    resources: { requests: { cpu: "50m", memory: "96Mi" }, limits: { cpu: "500m", memory: "256Mi" } },
    retry: 10,
  },
  prod: {
    namespace: "response-engine",
    brokerClass: "Kafka",
    repository: "registry.example.com/security/responder",
    scale: { min: "2", max: "50" },
    resources: { requests: { cpu: "200m", memory: "192Mi" }, limits: { cpu: "2", memory: "512Mi" } },
    retry: 12,
  },
};

for (const [stack, expected] of Object.entries(STACKS)) {
  describe(`the program, stack ${stack}`, () => {
    const { namespace } = expected;
    const brokerUrl = `http://broker-ingress.knative-eventing.svc.cluster.local/${namespace}/default`;
    const image = `${expected.repository}@${DIGEST}`;
    const services = ["responder-service", "dead-letters-service"];
    let program: Program;
    let rulesText: string;

    before(async () => {
      program = await evaluateProgram({ stack, config: { "knative:install": false } });
      rulesText = await readFile(join(ROOT, "rules.yaml"), "utf8");
    });

    it("makes the Broker of the configured class and waits until it is Ready", () => {
      const { inputs, timeouts } = find(program, "broker-broker");
      assert.deepEqual(inputs.metadata, {
        name: "default",
        namespace,
        annotations: {
          "eventing.knative.dev/broker.class": expected.brokerClass,
          "pulumi.com/waitFor": "condition=Ready",
        },
      });
      assert.equal(timeouts["create"], "5m");
    });

    it("gives the Broker's URL to falcosidekick", () => {
      assert.deepEqual(find(program, "falco-release").inputs.values.falcosidekick, {
        enabled: true,
        config: { cloudevents: { address: brokerUrl } },
        webui: { enabled: true, image: { tag: "2.3.0" }, redis: { storageEnabled: false } },
      });
      assert.ok(find(program, "falco-release").dependsOn.includes("broker-broker"));
    });

    it("installs the pinned Falco chart with the driver, the pod's UID and what the chart adds itself", () => {
      const { inputs } = find(program, "falco-release");
      assert.equal(inputs["chart"], "falco");
      assert.equal(inputs["version"], "9.1.0");
      assert.deepEqual(inputs["repositoryOpts"], { repo: "https://falcosecurity.github.io/charts" });
      assert.deepEqual(inputs.values.driver, { kind: "modern_ebpf" });
      assert.deepEqual(inputs.values.falco, {
        json_output: true,
        append_output: [{ suggested_output: true }, { match: { source: "syscall" }, extra_fields: ["k8s.pod.uid"] }],
      });
    });

    it("builds the image for the registry, and deploys it by digest", () => {
      const { type, inputs } = find(program, "image-build");
      assert.equal(type, "docker:index/image:Image");
      assert.equal(inputs["imageName"], `${expected.repository}:latest`);
      assert.deepEqual(inputs["build"], {
        args: {},
        context: ".",
        dockerfile: "responder/Dockerfile",
        platform: "linux/amd64",
      });
      assert.deepEqual(inputs["registry"], { server: expected.repository.split("/")[0] });
      for (const service of services) assert.equal(podOf(program, service).containers[0].image, image);
    });

    it("gives the rules to the responder in a ConfigMap named after them", () => {
      const { inputs } = find(program, "responder-rules");
      assert.deepEqual(inputs.data, { "00-rules.yaml": rulesText });
      assert.match(inputs.metadata.name, /^responder-rules-[0-9a-f]{10}$/);
      const pod = podOf(program, "responder-service");
      assert.deepEqual(pod.volumes, [{ name: "files", configMap: { name: inputs.metadata.name } }]);
      assert.deepEqual(pod.containers[0].volumeMounts, [
        { name: "files", mountPath: "/etc/response-rules", readOnly: true },
      ]);
      assert.equal(envOf(program, "responder-service")["RULES_DIR"], "/etc/response-rules");
    });

    it("gives the responder's ServiceAccount what the rules' actions need and nothing else", () => {
      const account = find(program, "responder-account").inputs.metadata;
      const role = find(program, "responder-role");
      const rules = loadRules([{ name: "rules.yaml", text: rulesText }]);
      assert.deepEqual(role.inputs.rules, permissionsOf(rules, { events: true, deduplicationSeconds: 60 }));
      const binding = find(program, "responder-binding").inputs;
      assert.deepEqual(binding.roleRef, {
        apiGroup: "rbac.authorization.k8s.io",
        kind: "ClusterRole",
        name: role.inputs.metadata.name,
      });
      assert.deepEqual(binding.subjects, [{ kind: "ServiceAccount", name: account.name, namespace }]);
      assert.equal(podOf(program, "responder-service").serviceAccountName, account.name);
    });

    it("starts the responder when its permissions and its rules are there", () => {
      const { dependsOn } = find(program, "responder-service");
      for (const needed of ["responder-binding", "responder-rules"]) assert.ok(dependsOn.includes(needed), needed);
    });

    it("tells the responder to tell Kubernetes Events, for how long an alert has a rule to itself, and where outputs go", () => {
      const env = envOf(program, "responder-service");
      assert.equal(env["EVENTS"], "true");
      assert.equal(env["DEDUPLICATION_SECONDS"], "60");
      assert.equal(env["K_SINK"], brokerUrl);
    });

    it("keeps both services inside the cluster", () => {
      for (const service of services) {
        const { metadata } = find(program, service).inputs;
        assert.equal(metadata.labels?.["networking.knative.dev/visibility"], "cluster-local");
        assert.equal(metadata.labels["app.kubernetes.io/part-of"], "response-engine");
        assert.equal(metadata.namespace, namespace);
      }
    });

    it("waits until the services are Ready, but not for ever", () => {
      for (const service of services) {
        const { inputs, timeouts } = find(program, service);
        assert.equal(inputs.metadata.annotations?.["pulumi.com/waitFor"], "condition=Ready");
        assert.deepEqual(timeouts, { create: "3m", update: "3m" });
      }
    });

    it("takes scale, concurrency, time limit, CPU and memory from the configuration", () => {
      const { annotations } = find(program, "responder-service").inputs.spec.template.metadata;
      assert.equal(annotations["autoscaling.knative.dev/min-scale"], expected.scale.min);
      assert.equal(annotations["autoscaling.knative.dev/max-scale"], expected.scale.max);
      const pod = podOf(program, "responder-service");
      assert.equal(pod.containerConcurrency, 50);
      assert.equal(pod.timeoutSeconds, 60);
      assert.deepEqual(pod.containers[0].resources, expected.resources);
    });

    it("runs pods that the restricted Pod Security Standard and Knative's default features admit", () => {
      for (const service of services) {
        const pod = podOf(program, service);
        assert.deepEqual(pod.containers[0].securityContext, {
          runAsNonRoot: true,
          runAsUser: 65532,
          runAsGroup: 65532,
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
          seccompProfile: { type: "RuntimeDefault" },
        });
        assert.ok(!("securityContext" in pod), "Knative refuses a pod's security context by default");
      }
    });

    it("announces the metrics on a port that no container of a Knative pod uses", () => {
      for (const service of services) {
        const port = envOf(program, service)["METRICS_PORT"];
        assert.equal(find(program, service).inputs.spec.template.metadata.annotations["prometheus.io/port"], port);
        assert.ok(!["8008", "8012", "8013", "8022", "8080", "8112", "9090", "9091"].includes(String(port)), port);
      }
    });

    it("protects what the stack and the cluster need, by its names here", () => {
      const env = envOf(program, "responder-service");
      const always = "kube-system,kube-public,kube-node-lease,knative-serving,knative-eventing,kourier-system,falco";
      assert.equal(env["PROTECTED_NAMESPACES"], namespace === "default" ? always : `${always},${namespace}`);
      assert.equal(env["OWN_SERVICES"], `${namespace}/responder,${namespace}/responder-dead-letter`);
    });

    it("sends the alerts that the rules may answer to the responder", () => {
      const { inputs } = find(program, "alerts-trigger");
      assert.equal(inputs.metadata.namespace, namespace);
      assert.equal(inputs.spec.broker, "default");
      assert.deepEqual(inputs.spec.filters, alertFilters(loadRules([{ name: "rules.yaml", text: rulesText }])));
      assert.deepEqual(inputs.spec.subscriber, refTo("responder", namespace));
    });

    it("sends the responses back to falcosidekick", () => {
      const { inputs } = find(program, "responses-trigger");
      assert.equal(inputs.spec.broker, "default");
      assert.deepEqual(inputs.spec.filters, responseFilters());
      assert.deepEqual(inputs.spec.subscriber, { uri: SIDEKICK });
    });

    it("retries with the configured backoff and then hands over to the dead letter service", () => {
      for (const trigger of ["alerts-trigger", "responses-trigger"]) {
        assert.deepEqual(find(program, trigger).inputs.spec.delivery, {
          retry: expected.retry,
          backoffPolicy: "exponential",
          backoffDelay: "PT0.2S",
          deadLetterSink: refTo("responder-dead-letter", namespace),
        });
      }
    });

    it("runs the dead letter service from the same image, without any permission", () => {
      const pod = podOf(program, "dead-letters-service");
      assert.deepEqual(pod.containers[0].args, ["dead-letter"]);
      assert.equal(pod.serviceAccountName, find(program, "dead-letters-account").inputs.metadata.name);
      assert.equal(pod.automountServiceAccountToken, false);
      assert.equal(envOf(program, "dead-letters-service")["FALCOSIDEKICK_URL"], SIDEKICK);
      const bindings = program.resources.filter(({ type }) => type.endsWith("Binding"));
      assert.deepEqual(
        bindings.map(({ name }) => name),
        ["responder-binding"],
      );
    });

    it("tells its URLs, the digest, the way to the UI and the rules in force", () => {
      assert.deepEqual(program.outputs, {
        brokerUrl,
        responderUrl: `http://responder.${namespace}.svc.cluster.local`,
        imageDigest: image,
        falcosidekickUi: "kubectl --namespace falco port-forward service/falco-falcosidekick-ui 2802",
        rules: ['Terminal shell in container: "Terminal shell in container" -> kubernetes:terminate'],
      });
    });

    it("creates the namespaces that no cluster has by itself", () => {
      const namespaces = program.resources
        .filter(({ type }) => type === "kubernetes:core/v1:Namespace")
        .map(({ name }) => name);
      assert.deepEqual(
        namespaces.sort(),
        namespace === "default" ? ["falco-namespace"] : ["broker-namespace", "falco-namespace"],
      );
    });

    it("names every child after its component", () => {
      for (const { name, parent } of program.resources) assert.ok(!parent || name.startsWith(`${parent}-`), name);
    });
  });
}

describe("the program", () => {
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

  it("lets ConfigMaps and Secrets change in place", async () => {
    const program = await evaluateProgram({
      stack: "dev",
      config: { "knative:install": false, "kubernetes:context": "kind" },
    });
    assert.deepEqual(find(program, "cluster").inputs, {
      context: "kind",
      enableConfigMapMutable: "true",
      enableSecretMutable: "true",
    });
  });

  it("pushes with the registry's user and gives pods the same to pull with, encrypted", async () => {
    const config = {
      "knative:install": false,
      registryUsername: "robot",
      registryPassword: "geheim",
      responderBuildImage: "node:24",
      responderBaseImage: "base:1",
    };
    const program = await evaluateProgram({ stack: "prod", config });
    const build = find(program, "image-build");
    assert.deepEqual(build.inputs["registry"], {
      server: "registry.example.com",
      username: "robot",
      password: "geheim",
    });
    assert.deepEqual(build.secrets, ["registry.password"]);
    assert.deepEqual((build.inputs["build"] as { args: unknown }).args, {
      BUILD_IMAGE: "node:24",
      BASE_IMAGE: "base:1",
    });
    const secret = find(program, "image-pull");
    assert.equal(secret.inputs["type"], "kubernetes.io/dockerconfigjson");
    assert.deepEqual(secret.secrets, ["stringData"]);
    const text = (secret.inputs["stringData"] as Record<string, string>)[".dockerconfigjson"] ?? "";
    assert.deepEqual(JSON.parse(text), {
      auths: {
        "registry.example.com": {
          username: "robot",
          password: "geheim",
          auth: Buffer.from("robot:geheim").toString("base64"),
        },
      },
    });
    for (const service of ["responder-service", "dead-letters-service"]) {
      assert.deepEqual(podOf(program, service).imagePullSecrets, [{ name: secret.inputs.metadata.name }]);
    }
  });

  it("runs every rule dry, without any permission, where the stack does", async () => {
    const program = await evaluateProgram({
      stack: "dev",
      config: { "knative:install": false, responderDryRun: true },
    });
    assert.equal(envOf(program, "responder-service")["DRY_RUN"], "true");
    assert.deepEqual(find(program, "responder-role").inputs["rules"], []);
    assert.match(String((program.outputs["rules"] as string[])[0]), /\(dry run\)$/);
  });

  it("builds nothing where a ready image is given, and no dead letter service where a sink is", async () => {
    const responderImage = `ghcr.io/acme/responder@${DIGEST}`;
    const config = {
      "knative:install": false,
      registryServer: "",
      responderImage,
      deliveryDeadLetterSink: "https://dead.example.com/",
      deliveryTimeout: "PT30S",
    };
    const program = await evaluateProgram({ stack: "dev", config });
    assert.ok(!program.resources.some(({ type }) => type.startsWith("docker:")));
    assert.ok(!program.resources.some(({ name }) => name.startsWith("dead-letters")));
    assert.equal(podOf(program, "responder-service").containers[0].image, responderImage);
    assert.equal(program.outputs["imageDigest"], responderImage);
    for (const trigger of ["alerts-trigger", "responses-trigger"]) {
      const { delivery } = find(program, trigger).inputs.spec;
      assert.deepEqual(delivery["deadLetterSink"], { uri: "https://dead.example.com/" });
      assert.equal(delivery["timeout"], "PT30S");
    }
  });

  it("merges further Helm values over its own and keeps each of them secret", async () => {
    const falcoValues = {
      falcosidekick: { config: { slack: { webhookurl: "https://hooks.example.com/x" } } },
      driver: { kind: "kmod" },
      tolerations: [{ operator: "Exists" }],
    };
    const program = await evaluateProgram({
      stack: "dev",
      config: { "knative:install": false, falcoValues, falcoChart: "./charts/falco" },
    });
    const { inputs, secrets } = find(program, "falco-release");
    assert.deepEqual(inputs.values.falcosidekick, {
      enabled: true,
      config: {
        cloudevents: { address: "http://broker-ingress.knative-eventing.svc.cluster.local/default/default" },
        slack: { webhookurl: "https://hooks.example.com/x" },
      },
      webui: { enabled: true, image: { tag: "2.3.0" }, redis: { storageEnabled: false } },
    });
    assert.deepEqual(inputs.values.driver, { kind: "kmod" });
    assert.deepEqual(inputs.values["tolerations"], [{ operator: "Exists" }]);
    assert.deepEqual(secrets.sort(), [
      "values.driver.kind",
      "values.falcosidekick.config.slack.webhookurl",
      "values.tolerations",
    ]);
    assert.equal(inputs["chart"], "./charts/falco");
    assert.ok(
      !("repositoryOpts" in inputs) && !("version" in inputs),
      "a chart in a folder has neither repository nor version",
    );
  });

  it("changes the ConfigMap, the Revision, the role and the Trigger's filter, nothing else, for other rules", async () => {
    const more = join(folder, "more.yaml");
    await writeFile(
      more,
      `- rule: Crypto miner
  match: { rules: [Detect outbound connections to common miner pool ports] }
  actions: [{ action: Kill, actionner: "kubernetes:terminate", parameters: { min_healthy_replicas: 50% } }]
`,
    );
    const config = { "knative:install": false };
    const one = await evaluateProgram({ stack: "dev", config });
    const other = await evaluateProgram({ stack: "dev", config: { ...config, responderRules: ["rules.yaml", more] } });
    const changed = one.resources.filter(
      ({ name, inputs }) => JSON.stringify(find(other, name).inputs) !== JSON.stringify(inputs),
    );
    assert.deepEqual(changed.map(({ name }) => name).sort(), [
      "alerts-trigger",
      "responder-role",
      "responder-rules",
      "responder-service",
    ]);
    assert.equal(one.resources.length, other.resources.length);
    assert.deepEqual(Object.keys(find(other, "responder-rules").inputs.data), ["00-rules.yaml", "01-rules.yaml"]);
  });

  describe("with a script that the rules name", () => {
    const SCRIPT = "ps\ncat /proc/net/tcp\n";
    const config = { "knative:install": false };
    let rules: string;
    let script: string;

    beforeEach(async () => {
      script = join(folder, "look.sh");
      rules = join(folder, "look.yaml");
      await writeFile(script, SCRIPT);
      await writeFile(
        rules,
        `- rule: Look around\n  actions: [{ action: Look, actionner: "kubernetes:script", parameters: { file: ${script} } }]\n`,
      );
    });

    it("gives it to the responder beside the rules, where the responder looks for it", async () => {
      const program = await evaluateProgram({ stack: "dev", config: { ...config, responderRules: [rules] } });
      const { inputs } = find(program, "responder-rules");
      assert.deepEqual(inputs.data, { "00-rules.yaml": await readFile(rules, "utf8"), [keyOf(script)]: SCRIPT });
      assert.match(keyOf(script), /^[-._a-zA-Z0-9]+$/, "a key that a ConfigMap takes");
    });

    it("makes another ConfigMap, so another Revision, of another text of it", async () => {
      const nameOf = async () =>
        find(await evaluateProgram({ stack: "dev", config: { ...config, responderRules: [rules] } }), "responder-rules")
          .inputs.metadata.name;
      const before = await nameOf();
      await writeFile(script, `${SCRIPT}ls /tmp\n`);
      assert.notEqual(await nameOf(), before);
    });

    it("stops where it can't be read, naming rule, action and path", async () => {
      await rm(script);
      await assert.rejects(evaluateProgram({ stack: "dev", config: { ...config, responderRules: [rules] } }), {
        message:
          /^The response rules can't be used:\n.*look\.yaml, entry 1 \(rule "Look around"\): actions\[0\] \("Look"\): parameters\.file: ".*look\.sh" can't be read: ENOENT/s,
      });
    });

    const manners: [
      Record<string, unknown>,
      { events: boolean; deduplicationSeconds: number },
      string[] | undefined,
    ][] = [
      [{}, { events: true, deduplicationSeconds: 60 }, ["create", "get", "patch"]],
      [{ responderEvents: false }, { events: false, deduplicationSeconds: 60 }, ["create", "get", "patch"]],
      [{ responderDeduplicationSeconds: 0 }, { events: true, deduplicationSeconds: 0 }, ["create"]],
      [
        { responderEvents: false, responderDeduplicationSeconds: 0 },
        { events: false, deduplicationSeconds: 0 },
        undefined,
      ],
    ];
    for (const [changes, { events, deduplicationSeconds }, verbs] of manners) {
      it(`lets the responder ${verbs?.join(", ") ?? "do nothing with"} events with responderEvents ${events} and responderDeduplicationSeconds ${deduplicationSeconds}`, async () => {
        const program = await evaluateProgram({
          stack: "dev",
          config: { ...config, ...changes, responderRules: [rules] },
        });
        const env = envOf(program, "responder-service");
        assert.equal(env["EVENTS"], String(events));
        assert.equal(env["DEDUPLICATION_SECONDS"], String(deduplicationSeconds));
        const role = find(program, "responder-role").inputs.rules as { resources: string[]; verbs: string[] }[];
        assert.deepEqual(role.find(({ resources }) => resources.includes("events"))?.verbs, verbs);
        assert.deepEqual(role.find(({ resources }) => resources.includes("pods/exec"))?.verbs, ["create", "get"]);
      });
    }
  });

  it("stops with what is wrong with a rule", async () => {
    const broken = join(folder, "broken.yaml");
    await writeFile(broken, "- rule: X\n  actions: [{ action: Y, actionner: kubernetes:explode }]\n");
    await assert.rejects(
      evaluateProgram({ stack: "dev", config: { "knative:install": false, responderRules: [broken] } }),
      (error: Error) => {
        assert.match(
          error.message,
          /^The response rules can't be used:\n.*broken\.yaml.*kubernetes:explode.*kubernetes:terminate/s,
        );
        assert.doesNotMatch(error.message, /\n {4}at /, "no stack trace");
        return true;
      },
    );
  });

  it("stops with the path of a rules file that is not there", async () => {
    await assert.rejects(
      evaluateProgram({ stack: "dev", config: { "knative:install": false, responderRules: ["nowhere.yaml"] } }),
      {
        message: /^The rules file nowhere\.yaml can't be read: ENOENT.*\nChange responderRules/s,
      },
    );
  });
});
