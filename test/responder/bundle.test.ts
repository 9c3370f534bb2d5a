import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startKubernetes, type Kubernetes } from "../../lab/kubernetes/server.ts";
import { listPods, pathOf, placePod } from "../../lab/scenes/pods.ts";
import { startService, type LogLine, type RunningService } from "../../lab/service.ts";
import { build } from "../../responder/build.ts";
import { ALERT_HEADERS, POD_UID, shellAlert } from "./fixtures.ts";

const DELIVERIES = fileURLToPath(new URL("../../../shared/events/deliveries/", import.meta.url));
const RULES = readFileSync(new URL("../../rules.yaml", import.meta.url), "utf8");
const ROLE = {
  kind: "ClusterRole",
  apiVersion: "rbac.authorization.k8s.io/v1",
  metadata: { name: "responder" },
  rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "delete"] }],
};
const BINDING = {
  kind: "ClusterRoleBinding",
  apiVersion: "rbac.authorization.k8s.io/v1",
  metadata: { name: "responder" },
  roleRef: { kind: "ClusterRole", name: "responder", apiGroup: "rbac.authorization.k8s.io" },
  subjects: [{ kind: "ServiceAccount", name: "responder", namespace: "default" }],
};

describe("the responder's bundle", function () {
  this.timeout(60_000);
  let folder: string;
  let bundle: string;
  let kubernetes: Kubernetes;
  let service: RunningService;
  let logged: LogLine[];
  let ended: string[];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "response-engine-bundle-"));
    bundle = await build(join(folder, "responder.mjs"));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    logged = [];
    ended = [];
    kubernetes = await startKubernetes({ rbac: [ROLE, BINDING] });
    service = await startService(
      {
        name: "responder",
        namespace: "default",
        args: [],
        env: { RULES_DIR: "/etc/response-rules", PROTECTED_NAMESPACES: "kube-system", EVENTS: "false" },
        mounts: { "/etc/response-rules": { "00-rules.yaml": RULES } },
        serviceAccount: "responder",
      },
      {
        bundle,
        folder: mkdtempSync(join(folder, "run-")),
        addresses: {},
        kubeconfig: kubernetes.kubeconfig(kubernetes.tokenFor("default", "responder")),
        onLog: (line) => logged.push(line),
        onExit: (reason) => ended.push(reason),
      },
    );
  });
  afterEach(async () => {
    await service.stop();
    await kubernetes.close();
  });

  describe("given real deliveries, byte for byte", () => {
    before(function () {
      if (!existsSync(DELIVERIES)) {
        process.stdout.write("    skipped, because the recorded deliveries are not beside the repository\n");
        this.skip();
      }
    });

    const pods: [string, string][] = [
      ["default", "alpine"],
      ["shop", "alpine"],
      ["shop", "web-0"],
      ["shop", "cart-7c9d8f5b6-x2x9k"],
      ["kube-system", "coredns-69bdb445bf-64gr8"],
      ["batch", "etl-28391-abcde"],
    ];
    const outcomes: Record<string, [status: number, gone?: string]> = {
      "terminal-shell.http": [200, "default/alpine"],
      "terminal-shell-kube-system.http": [204],
      "terminal-shell-on-host.http": [200],
      "contact-k8s-api.http": [204],
      "drop-and-execute.http": [204],
      "outbound-c2.http": [204],
      "sensitive-file.http": [204],
      // raised by another default/alpine, whose UID it carries
      "terminal-shell-with-uid.http": [200],
    };
    for (const [file, [status, gone]] of Object.entries(outcomes)) {
      it(`${file} deletes ${gone ?? "nothing"} and nothing else`, async () => {
        for (const [namespace, name] of pods) createPod(namespace, name);
        const answer = await sendRaw(readFileSync(join(DELIVERIES, file)));
        assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
        const missing = pods.filter(([namespace, name]) => !exists(namespace, name)).map((pod) => pod.join("/"));
        assert.deepEqual(missing, gone ? [gone] : []);
      });
    }

    it("covers every one that was recorded", () => {
      assert.deepEqual(readdirSync(DELIVERIES).sort(), Object.keys(outcomes).sort());
    });
  });

  it("deletes by UID with one request to the API", async () => {
    const uid = createPod("default", "alpine");
    const before = kubernetes.requests.length;
    const answer = await post(shellAlert({ "k8s.pod.uid": uid }));
    assert.equal(answer.status, 200);
    assert.deepEqual(
      kubernetes.requests.slice(before).map(({ verb, status }) => [verb, status]),
      [["delete", 200]],
    );
  });

  it("leaves a pod that has been re-created under the same name alone", async () => {
    createPod("default", "alpine");
    const answer = await post(shellAlert({ "k8s.pod.uid": POD_UID }));
    assert.equal(answer.headers.get("ce-outcome"), "replaced");
    assert.equal(exists("default", "alpine"), true);
  });

  for (const fault of [429, 500, 503, "reset"] as const) {
    it(`asks for a redelivery where the API answers ${fault}, and acts on it`, async () => {
      const uid = createPod("default", "alpine");
      kubernetes.fail({ answer: fault, times: 1, verb: "delete" });
      const alert = shellAlert({ "k8s.pod.uid": uid });
      assert.equal((await post(alert)).status, 503);
      assert.equal((await post(alert)).status, 200);
      assert.equal(exists("default", "alpine"), false);
    });
  }

  it("refuses a body above 1 MiB with 413, announced or not", async () => {
    const large = "x".repeat(1024 * 1024 + 1);
    assert.equal((await fetch(service.url, { method: "POST", body: large })).status, 413);
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(large));
        controller.close();
      },
    });
    const streamed = await fetch(service.url, { method: "POST", body: stream, duplex: "half" });
    assert.equal(streamed.status, 413);
  });

  it("refuses what is no CloudEvent with 400, other data with 415, and says why", async () => {
    const none = await fetch(service.url, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json" },
    });
    assert.equal(none.status, 400);
    assert.equal(none.headers.get("content-type"), "application/problem+json");
    assert.match(((await none.json()) as { detail: string }).detail, /not a CloudEvent/);
    assert.equal((await post("<a/>", { "content-type": "text/xml" })).status, 415);
    assert.equal((await fetch(service.url, { method: "PUT" })).status, 405);
  });

  it("is alive, ready and measured", async () => {
    assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
    assert.equal((await fetch(`${service.url}/readyz`)).status, 200);
    await post(shellAlert({ "k8s.pod.uid": createPod("default", "alpine") }));
    kubernetes.fail({ answer: 500, times: 1 });
    await post(shellAlert({}, { uuid: "another" }));
    const metrics = await (await fetch(`${service.metricsUrl}/metrics`)).text();
    assert.match(metrics, /^response_engine_alerts_total\{outcome="terminated"\} 1$/m);
    assert.match(metrics, /^response_engine_alerts_total\{outcome="retry"\} 1$/m);
    assert.match(
      metrics,
      /^response_engine_actions_total\{actionner="kubernetes:terminate",outcome="terminated"\} 1$/m,
    );
    assert.match(metrics, /^response_engine_api_errors_total\{code="500"\} 1$/m);
    assert.match(metrics, /^response_engine_alert_duration_seconds_count\{outcome="terminated"\} 1$/m);
  });

  it("finishes what is in flight on SIGTERM, and then ends with 0", async () => {
    const uid = createPod("default", "alpine");
    const body = JSON.stringify(shellAlert({ "k8s.pod.uid": uid }));
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    const head = `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nCe-Specversion: 1.0\r\nCe-Id: 1\r\nCe-Source: falco.org\r\nCe-Type: falco.rule.output.v1\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
    // half a request is in flight when the signal comes
    socket.write(head + body.slice(0, 10));
    await untilAnswered();
    process.kill(service.pid, "SIGTERM");
    await untilLogged("stopping");
    socket.write(body.slice(10));
    const [answer] = (await once(socket, "data")) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1.1 200 [^]*connection: close/i);
    assert.equal(exists("default", "alpine"), false);
    while (ended.length === 0) await setTimeout(10);
    assert.match(ended[0] ?? "", /exit code 0/);
  });

  const broken: [string, Record<string, string>, string[], RegExp][] = [
    ["no folder of rules", { RULES_DIR: "/nowhere" }, [], /RULES_DIR: "\/nowhere" can't be read/],
    ["a port that is none", { PORT: "http" }, ["dead-letter"], /PORT: "http" is not allowed; it takes a port/],
    ["a mode that is none", {}, ["deadletter"], /"deadletter" is no mode/],
    ["no falcosidekick for dead letters", {}, ["dead-letter"], /FALCOSIDEKICK_URL: "" is not allowed/],
  ];
  for (const [what, environment, args, message] of broken) {
    it(`does not start with ${what}, and says so`, async () => {
      const env = { FALCOSIDEKICK_URL: what.startsWith("no falco") ? "" : "http://127.0.0.1:1", ...environment };
      const { code, output } = await run(args, env);
      assert.equal(code, 2);
      assert.match((JSON.parse(output.trim()) as { reason: string }).reason, message);
    });
  }

  it("tells how it is used with --help", async () => {
    const { code, output } = await run(["--help"], {});
    assert.equal(code, 0);
    assert.match(output, /^usage: responder/);
  });

  async function run(args: string[], env: Record<string, string>): Promise<{ code: number; output: string }> {
    const child = spawn(process.execPath, [bundle, ...args], { env, stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk) => (output += String(chunk)));
    const [code] = (await once(child, "close")) as [number];
    return { code, output };
  }

  async function post(payload: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return await fetch(service.url, {
      method: "POST",
      body: typeof payload === "string" ? payload : JSON.stringify(payload),
      headers: { ...ALERT_HEADERS, ...headers },
    });
  }

  /** The request's bytes as they are, and the answer's as they come. */
  async function sendRaw(request: Buffer): Promise<string> {
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    socket.write(request);
    const [answer] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    return answer.toString();
  }

  /** A running pod with the container that the recorded alerts name; gives its UID. */
  function createPod(namespace: string, name: string): string {
    const { metadata } = placePod(kubernetes, { namespace, name, containerId: "3ad7b26ded6d" });
    return metadata.uid;
  }

  function exists(namespace: string, name: string): boolean {
    return listPods(kubernetes).some((pod) => pathOf(pod) === `${namespace}/${name}`);
  }

  /** A request that came later is answered, so the one before has been taken up. */
  async function untilAnswered(): Promise<void> {
    await fetch(`${service.url}/healthz`);
  }

  async function untilLogged(message: string): Promise<void> {
    while (!logged.some((line) => line["message"] === message)) await setTimeout(10);
  }
});
