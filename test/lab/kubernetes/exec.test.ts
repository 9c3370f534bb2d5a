import assert from "node:assert/strict";
import { request } from "node:http";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { Exec, KubeConfig, type V1Status } from "@kubernetes/client-node";
import type { RbacObject } from "../../../lab/kubernetes/authorizer.ts";
import type { Containers } from "../../../lab/kubernetes/containers.ts";
import { resourceNamed } from "../../../lab/kubernetes/resources.ts";
import { startKubernetes, type Kubernetes } from "../../../lab/kubernetes/server.ts";

const RBAC: RbacObject[] = ["get", "create"].flatMap((verb): RbacObject[] => [
  {
    kind: "ClusterRole",
    metadata: { name: verb },
    rules: [{ apiGroups: [""], resources: ["pods/exec"], verbs: [verb] }],
  },
  {
    kind: "ClusterRoleBinding",
    metadata: { name: verb },
    roleRef: { kind: "ClusterRole", name: verb },
    subjects: [verb, "both"].map((name) => ({ kind: "ServiceAccount", name, namespace: "default" })),
  },
]);

describe("running a command in the embedded Kubernetes API's containers", () => {
  let api: Kubernetes;

  async function start(exec?: Containers["exec"]): Promise<void> {
    api = await startKubernetes({ rbac: RBAC, ...(exec && { containers: { exec } }) });
    api.store.place(resourceNamed("pods"), {
      metadata: { name: "cart", namespace: "shop" },
      spec: { nodeName: "node-1", containers: [{ name: "main", image: "alpine" }] },
      status: { phase: "Running" },
    });
  }
  afterEach(async () => {
    await api.close();
  });

  /** As the client of every responder does it. */
  async function run(command: string[], { token = api.adminToken, stdin = null as Readable | null } = {}) {
    const config = new KubeConfig();
    config.loadFromString(api.kubeconfig(token));
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const status = Promise.withResolvers<V1Status>();
    await closed(
      await new Exec(config).exec("shop", "cart", "main", command, stdout, stderr, stdin, false, status.resolve),
    );
    stdout.end();
    stderr.end();
    return { stdout: await text(stdout), stderr: await text(stderr), status: await status.promise };
  }

  it("runs nothing, and says what it would have run", async () => {
    await start();
    const { stdout, stderr, status } = await run(["/bin/sh", "-c", "touch 'a b'"]);
    assert.equal(
      stdout,
      `not run here, but would be in container main of pod shop/cart: /bin/sh -c 'touch '\\''a b'\\'''\n`,
    );
    assert.deepEqual([stderr, status.status], ["", "Success"]);
  });

  it("answers with what the container is said to have made of it", async () => {
    await start((pod, container, { command }) =>
      Promise.resolve({ stdout: `${pod.metadata.name} ${container}`, stderr: command.join(" "), exitCode: 42 }),
    );
    const { stdout, stderr, status } = await run(["cat", "/etc/shadow"]);
    assert.deepEqual([stdout, stderr], ["cart main", "cat /etc/shadow"]);
    assert.deepEqual(
      [status.status, status.reason, status.details?.causes],
      ["Failure", "NonZeroExitCode", [{ reason: "ExitCode", message: "42" }]],
    );
    assert.equal(status.message, "command terminated with non-zero exit code: command terminated with exit code 42");
  });

  it("carries much", async () => {
    const much = "0123456789".repeat(30_000);
    await start(() => Promise.resolve({ stdout: much, exitCode: 0 }));
    assert.equal((await run(["cat"])).stdout, much);
  });

  it("hands over what is typed in, to its end", async () => {
    await start(async (_pod, _container, { stdin }) => ({ stdout: (await text(stdin)).toUpperCase(), exitCode: 0 }));
    assert.equal((await run(["tr"], { stdin: Readable.from(["ls\n", "exit\n"]) })).stdout, "LS\nEXIT\n");
  });

  it("gives a command that nobody types into an end at once", async () => {
    await start(async (_pod, _container, { stdin }) => ({ stdout: `${(await text(stdin)).length}`, exitCode: 0 }));
    assert.equal((await run(["wc"])).stdout, "0");
  });

  it("says why a command could not be run", async () => {
    await start(() => Promise.reject(new Error("no such program")));
    const { status } = await run(["nothing"]);
    assert.deepEqual([status.status, status.reason, status.code], ["Failure", "InternalError", 500]);
    assert.match(status.message ?? "", /error executing command in container: no such program$/);
  });

  it("asks for leave to get and to create, as the real server does for a WebSocket", async () => {
    await start();
    for (const verb of ["get", "create"]) {
      await assert.rejects(run(["id"], { token: api.tokenFor("default", verb) }), {
        message: "Unexpected server response: 403",
      });
    }
    assert.equal((await run(["id"], { token: api.tokenFor("default", "both") })).status.status, "Success");
  });

  it("keeps a log of it like of other requests", async () => {
    await start();
    await run(["id"]);
    const { verb, path, status } = api.requests.at(-1) ?? {};
    assert.deepEqual([verb, path?.replace(/\?.*/, ""), status], ["get", "/api/v1/namespaces/shop/pods/cart/exec", 101]);
  });

  it("goes wrong on purpose, too", async () => {
    await start();
    api.fail({ answer: 503, times: 1 });
    await assert.rejects(run(["id"]), { message: "Unexpected server response: 503" });
    api.fail({ answer: "reset", times: 1 });
    await assert.rejects(run(["id"]), { message: "socket hang up" });
  });

  it("refuses a client that speaks nothing it knows", async () => {
    await start();
    const status = await new Promise((resolve, reject) => {
      const headers = {
        Authorization: `Bearer ${api.adminToken}`,
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Protocol": "made.up",
      };
      request(`${api.url}/api/v1/namespaces/shop/pods/cart/exec?command=id&stdout=true`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .once("error", reject)
        .end();
    });
    assert.equal(status, 403);
  });

  it("ends with the server", async () => {
    const begun = Promise.withResolvers<undefined>();
    await start(() => {
      begun.resolve(undefined);
      return new Promise(() => undefined);
    });
    const config = new KubeConfig();
    config.loadFromString(api.kubeconfig(api.adminToken));
    const ended = closed(
      await new Exec(config).exec("shop", "cart", "main", ["sleep", "inf"], new PassThrough(), null, null, false),
    );
    await begun.promise;
    await api.close();
    await ended;
    await start();
  });
});

/** When the client's socket is, whose package brings no types. */
function closed(socket: unknown): Promise<unknown> {
  return new Promise((resolve) => {
    (socket as { onclose: unknown }).onclose = resolve;
  });
}
