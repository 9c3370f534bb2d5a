import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { LISTENING } from "../../../responder/settings.ts";
import { destinationOf, PrivateService, type PrivateServiceArgs } from "../../../stack/responder/private-service.ts";
import { mockEngine, settled } from "./mocks.ts";

const ARGS: PrivateServiceArgs = {
  serviceName: "responder",
  namespace: "response-engine",
  image: "responder@sha256:0123",
  serviceAccount: "responder",
  callsKubernetes: true,
  scale: { min: 1, max: 7, concurrency: 3 },
  resources: { requests: { cpu: "50m", memory: "96Mi" }, limits: { cpu: "1", memory: "256Mi" } },
  timeoutSeconds: 45,
  env: { DRY_RUN: "true" },
};

interface Pod {
  automountServiceAccountToken?: boolean;
  containerConcurrency: number;
  timeoutSeconds: number;
  imagePullSecrets?: unknown;
  volumes?: unknown;
  containers: [Record<string, unknown> & { env: { name: string; value: string }[] }];
}

describe("a private service", () => {
  beforeEach(async () => {
    await mockEngine();
  });

  async function templateOf(args: Partial<PrivateServiceArgs> = {}) {
    const service = new PrivateService("service", { ...ARGS, ...args }, {});
    const { template } = await settled(service.spec);
    return {
      annotations: template.metadata.annotations as Record<string, string>,
      pod: template.spec as unknown as Pod,
    };
  }

  it("can be reached inside the cluster only, and waited for", async () => {
    const { labels, annotations } = await settled(new PrivateService("service", ARGS, {}).metadata);
    assert.equal(labels["networking.knative.dev/visibility"], "cluster-local");
    assert.equal(annotations["pulumi.com/waitFor"], "condition=Ready");
  });

  it("scales, and gives up, as it is told", async () => {
    const { annotations, pod } = await templateOf();
    assert.equal(annotations["autoscaling.knative.dev/min-scale"], "1");
    assert.equal(annotations["autoscaling.knative.dev/max-scale"], "7");
    assert.equal(pod.containerConcurrency, 3);
    assert.equal(pod.timeoutSeconds, 45);
    assert.deepEqual(pod.containers[0]["resources"], ARGS.resources);
  });

  it("has the environment that it is given, and the port of its metrics where Prometheus is told to look", async () => {
    const { annotations, pod } = await templateOf();
    const { env } = pod.containers[0];
    const metrics = { name: LISTENING.metricsPort.variable, value: annotations["prometheus.io/port"] };
    assert.deepEqual(env, [{ name: "DRY_RUN", value: "true" }, metrics]);
  });

  it("takes deliveries and probes where the program listens, and sets no PORT, which Knative refuses", async () => {
    const { pod } = await templateOf();
    const { ports, readinessProbe, livenessProbe, env } = pod.containers[0];
    const port = LISTENING.port.default;
    assert.deepEqual(ports, [{ name: "http1", containerPort: port }]);
    assert.deepEqual(readinessProbe, { httpGet: { path: "/readyz", port } });
    assert.deepEqual(livenessProbe, { httpGet: { path: "/healthz", port } });
    assert.ok(!env.some(({ name }) => name === LISTENING.port.variable));
  });

  it("listens on the ports that the image says it has", async () => {
    const dockerfile = await readFile(new URL("../../../responder/Dockerfile", import.meta.url), "utf8");
    const [, exposed = ""] = /^EXPOSE (.+)$/m.exec(dockerfile) ?? [];
    const { annotations, pod } = await templateOf();
    const [{ containerPort } = { containerPort: 0 }] = pod.containers[0]["ports"] as { containerPort: number }[];
    assert.deepEqual(exposed.split(" "), [String(containerPort), annotations["prometheus.io/port"]]);
  });

  it("gets the ServiceAccount's token only where it calls Kubernetes", async () => {
    assert.ok(!("automountServiceAccountToken" in (await templateOf()).pod));
    assert.equal((await templateOf({ callsKubernetes: false })).pod.automountServiceAccountToken, false);
  });

  it("has a command, a Secret to pull with and files only where it is given them", async () => {
    const bare = (await templateOf()).pod;
    for (const key of ["imagePullSecrets", "volumes"]) assert.ok(!(key in bare), key);
    for (const key of ["args", "volumeMounts"]) assert.ok(!(key in bare.containers[0]), key);
    const files = { configMap: "rules", folder: "/etc/rules" };
    const { pod } = await templateOf({ command: "dead-letter", pullSecrets: ["registry", "mirror"], files });
    assert.deepEqual(pod.containers[0]["args"], ["dead-letter"]);
    assert.deepEqual(pod.imagePullSecrets, [{ name: "registry" }, { name: "mirror" }]);
    assert.deepEqual(pod.volumes, [{ name: "files", configMap: { name: "rules" } }]);
    assert.deepEqual(pod.containers[0]["volumeMounts"], [{ name: "files", mountPath: "/etc/rules", readOnly: true }]);
  });

  it("is a destination of events by its name", async () => {
    const destination = destinationOf(new PrivateService("service", ARGS, {}));
    assert.deepEqual(await settled(pulumi.output(destination)), {
      ref: {
        apiVersion: "serving.knative.dev/v1",
        kind: "Service",
        namespace: "response-engine",
        name: "responder",
      },
    });
  });
});
