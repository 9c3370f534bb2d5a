import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startKubernetes, type Kubernetes } from "../../lab/kubernetes/server.ts";
import { listPods, pathOf, placePod } from "../../lab/scenes/pods.ts";
import { eventually } from "../support/eventually.ts";
import { freePorts } from "../support/free-ports.ts";
import { ALERT_HEADERS, shellAlert } from "../responder/fixtures.ts";
import { baseImages } from "./base.ts";
import { startDocker, type Docker } from "./docker.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("the responder's image", function () {
  this.timeout(20 * 60_000);

  let engine: Docker;
  let image: string;
  let kubernetes: Kubernetes;
  let folder: string;
  /** What is to be done when all is over, the last first. */
  const ends: (() => unknown)[] = [];
  /** Of this machine, whose network the container has. */
  let port: number;

  before(async () => {
    engine = await startDocker();
    ends.push(() => engine.stop());
    kubernetes = await startKubernetes({ rbac: [] });
    ends.push(() => kubernetes.close());
    folder = mkdtempSync(join(tmpdir(), "response-engine-container-"));
    ends.push(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    writeFileSync(join(folder, "kubeconfig"), kubernetes.kubeconfig(kubernetes.adminToken), { mode: 0o644 });
    writeFileSync(join(folder, "rules.yaml"), readFileSync(join(root, "rules.yaml")), { mode: 0o644 });
    writeFileSync(join(folder, "keys"), `${ALERT_HEADERS["ce-alertkey"]}\n`, { mode: 0o644 });
    await promisify(execFile)("chmod", ["-R", "a+rX", folder]);
  });

  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  it("is built by responder/Dockerfile", async () => {
    const dockerfile = join(root, "responder/Dockerfile");
    const images = await baseImages(engine, readFileSync(dockerfile, "utf8"));
    const base = Object.entries(images).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
    image = `${engine.registry}/responder:test`;
    await engine.docker(["build", "--network=host", "--file", dockerfile, "--tag", image, ...base, root], 15 * 60_000);
    const size = Number(await engine.docker(["image", "inspect", "--format", "{{.Size}}", image]));
    process.stdout.write(`      size of the image: ${Math.round(size / 1e6)} MB\n`);
    assert.ok(size < 250e6);
  });

  it("is pushed to a registry, which knows it by its digest", async () => {
    await engine.docker(["push", image]);
    const reference = await engine.docker(["image", "inspect", "--format", "{{index .RepoDigests 0}}", image]);
    const [repository, digest = ""] = reference.split("@");
    assert.equal(repository, `${engine.registry}/responder`);
    assert.match(digest, /^sha256:[0-9a-f]{64}$/);
    const headers = { accept: "application/vnd.docker.distribution.manifest.v2+json" };
    const found = await fetch(`http://${engine.registry}/v2/responder/manifests/${digest}`, { headers });
    assert.equal(found.status, 200);
    assert.equal(found.headers.get("docker-content-digest"), digest);
  });

  it("holds the bundle and Node, and no shell, package manager or dependency", async () => {
    const container = await engine.docker(["create", image]);
    const archive = join(folder, "image.tar");
    await engine.docker(["export", "--output", archive, container]);
    await engine.docker(["rm", container]);
    const { stdout } = await promisify(execFile)("tar", ["--list", "--file", archive], { maxBuffer: 64 * 1024 * 1024 });
    const files = stdout.split("\n");
    assert.ok(files.includes("app/responder.mjs"));
    assert.ok(files.includes("app/node"));
    const unwanted =
      /(^|\/)(sh|bash|dash|busybox|npm|npx|yarn|apt|apt-get|dpkg|apk|node_modules|package\.json|esbuild|tsc)$/;
    assert.deepEqual(
      files.filter((file) => unwanted.test(file.replace(/\/$/, ""))),
      [],
    );
  });

  it("runs as non-root, on a read-only root, without capabilities, and gets ready", async () => {
    const limits = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=host"];
    const [free = 0, metricsPort = 0] = await freePorts(2);
    port = free;
    const environment = {
      PORT: port,
      METRICS_PORT: metricsPort,
      RULES_DIR: "/rules",
      ALERT_KEYS_DIR: "/keys",
      KUBECONFIG: "/kubeconfig",
    };
    await engine.docker([
      "run",
      "--detach",
      "--name=responder",
      ...limits,
      ...Object.entries(environment).map(([name, value]) => `--env=${name}=${value}`),
      `--volume=${join(folder, "kubeconfig")}:/kubeconfig:ro`,
      `--volume=${join(folder, "rules.yaml")}:/rules/rules.yaml:ro`,
      `--volume=${join(folder, "keys")}:/keys/keys:ro`,
      image,
    ]);
    ends.push(() => engine.docker(["rm", "--force", "responder"]));
    await eventually("the container is ready", () => answers("/readyz"), { seconds: 120 }).catch(
      async (error: unknown) => {
        assert.fail(`${String(error)}\n${await engine.docker(["logs", "responder"])}`);
      },
    );
    const pid = await engine.docker(["inspect", "--format", "{{.State.Pid}}", "responder"]);
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    assert.match(status, /^Uid:\s+65532\s+65532/m);
    assert.match(status, /^CapEff:\s+0+$/m);
  });

  it("answers a delivery by deleting the pod that raised the alert", async () => {
    const { uid } = placePod(kubernetes, { namespace: "default", name: "alpine" }).metadata;
    placePod(kubernetes, { namespace: "default", name: "bystander" });
    const answer = await fetch(`http://127.0.0.1:${port}/`, {
      method: "POST",
      headers: ALERT_HEADERS,
      body: JSON.stringify(shellAlert({ "k8s.pod.uid": uid })),
    });
    assert.equal(answer.status, 200, await answer.clone().text());
    assert.equal(answer.headers.get("ce-outcome"), "terminated");
    assert.equal(exists(kubernetes, "default/alpine"), false);
    assert.equal(exists(kubernetes, "default/bystander"), true);
  });

  it("stops by itself on SIGTERM", async () => {
    await engine.docker(["stop", "--time=120", "responder"]);
    // 137 where it had to be killed
    assert.equal(await engine.docker(["inspect", "--format", "{{.State.ExitCode}}", "responder"]), "0");
    const last = await engine.docker(["logs", "--tail", "1", "responder"]);
    assert.equal((JSON.parse(last) as { message: string }).message, "stopping");
  });

  async function answers(path: string): Promise<boolean> {
    return fetch(`http://127.0.0.1:${port}${path}`).then(
      ({ ok }) => ok,
      () => false,
    );
  }
});

function exists(kubernetes: Kubernetes, path: string): boolean {
  return listPods(kubernetes).some((pod) => pathOf(pod) === path);
}
