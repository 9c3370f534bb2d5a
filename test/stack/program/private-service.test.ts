import assert from "node:assert/strict";
import { describeStacks, envOf, find, podOf, SERVICES, STACKS } from "../evaluated.ts";

describeStacks("a private service", (stack, program) => {
  const expected = STACKS[stack];
  const { namespace } = expected;

  it("keeps both services inside the cluster", () => {
    for (const service of SERVICES) {
      const { metadata } = find(program(), service).inputs;
      assert.equal(metadata.labels?.["networking.knative.dev/visibility"], "cluster-local");
      assert.equal(metadata.labels["app.kubernetes.io/part-of"], "response-engine");
      assert.equal(metadata.namespace, namespace);
    }
  });

  it("waits until the services are Ready, but not for ever", () => {
    for (const service of SERVICES) {
      const { inputs, timeouts } = find(program(), service);
      assert.equal(inputs.metadata.annotations?.["pulumi.com/waitFor"], "condition=Ready");
      assert.deepEqual(timeouts, { create: "3m", update: "3m" });
    }
  });

  it("takes scale, concurrency, time limit, CPU and memory from the configuration", () => {
    const { annotations } = find(program(), "responder-service").inputs.spec.template.metadata;
    assert.equal(annotations["autoscaling.knative.dev/min-scale"], expected.scale.min);
    assert.equal(annotations["autoscaling.knative.dev/max-scale"], expected.scale.max);
    const pod = podOf(program(), "responder-service");
    assert.equal(pod.containerConcurrency, 50);
    assert.equal(pod.timeoutSeconds, 60);
    assert.deepEqual(pod.containers[0].resources, expected.resources);
  });

  it("runs pods that the restricted Pod Security Standard and Knative's default features admit", () => {
    for (const service of SERVICES) {
      const pod = podOf(program(), service);
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

  it("asks the program itself whether it is ready and alive, on the port that it takes alerts on", () => {
    for (const service of SERVICES) {
      const [{ ports, readinessProbe, livenessProbe }] = podOf(program(), service).containers;
      assert.deepEqual(ports, [{ name: "http1", containerPort: 8080 }]);
      assert.deepEqual(readinessProbe, { httpGet: { path: "/readyz", port: 8080 } });
      assert.deepEqual(livenessProbe, { httpGet: { path: "/healthz", port: 8080 } });
    }
  });

  it("has the Kubernetes API's token, and files, only where it needs them", () => {
    const [responder, deadLetters] = SERVICES.map((service) => podOf(program(), service));
    assert.ok(responder && deadLetters);
    assert.ok(!("automountServiceAccountToken" in responder));
    assert.equal(deadLetters.automountServiceAccountToken, false);
    assert.ok(responder.volumes && responder.containers[0].volumeMounts);
    assert.ok(!("volumes" in deadLetters) && !("volumeMounts" in deadLetters.containers[0]));
  });

  it("is the responder where no command says otherwise", () => {
    assert.ok(!("args" in podOf(program(), "responder-service").containers[0]));
    assert.deepEqual(podOf(program(), "dead-letters-service").containers[0].args, ["dead-letter"]);
  });

  it("announces the metrics on a port that no container of a Knative pod uses", () => {
    for (const service of SERVICES) {
      const port = envOf(program(), service)["METRICS_PORT"];
      assert.equal(find(program(), service).inputs.spec.template.metadata.annotations["prometheus.io/port"], port);
      assert.ok(!["8008", "8012", "8013", "8022", "8080", "8112", "9090", "9091"].includes(String(port)), port);
    }
  });
});
