import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Made {
  labels?: Record<string, string>;
  ownerReferences?: unknown[];
  broker?: string;
}

describe("npm run in-the-way", () => {
  const STACK = { labels: { "app.kubernetes.io/part-of": "response-engine" } };
  let folder: string;
  let server: Server;
  /** What the API answers, by path. */
  let answers: Record<string, unknown>;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "response-engine-in-the-way-"));
    answers = {
      "/apis": { groups: ["apps", "eventing.knative.dev", "messaging.knative.dev"].map(group) },
      "/apis/eventing.knative.dev/v1": resources("brokers", "triggers", "triggers/status"),
      "/apis/messaging.knative.dev/v1": resources("subscriptions"),
    };
    for (const [resource, name] of [
      ["brokers", "default"],
      ["triggers", "alerts"],
    ] as const)
      add("eventing", resource, "default", name, resource === "triggers" ? { ...STACK, broker: "default" } : {});
    add("messaging", "subscriptions", "default", "of-alerts", { ownerReferences: [{ kind: "Trigger" }] });
    server = createServer(({ url = "" }, response) => {
      const answer = answers[url.replace(/[?&]limit=\d+/, "")];
      response.writeHead(answer ? 200 : 404).end(JSON.stringify(answer ?? {}));
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    rmSync(folder, { recursive: true });
  });

  function group(name: string) {
    return { name, preferredVersion: { groupVersion: `${name}/v1` } };
  }

  function resources(...names: string[]) {
    const verbs = (name: string) => (name.includes("/") ? ["get", "patch"] : ["delete", "get", "list"]);
    return { resources: names.map((name) => ({ name, namespaced: true, verbs: verbs(name) })) };
  }

  function add(area: string, resource: string, namespace: string, name: string, { broker, ...metadata }: Made = {}) {
    const path = `/apis/${area}.knative.dev/v1/${resource}`;
    const { items } = (answers[path] ??= { items: [], metadata: {} }) as { items: unknown[] };
    items.push({ metadata: { name, namespace, ...metadata }, ...(broker !== undefined && { spec: { broker } }) });
  }

  /** Not `spawnSync`, under which the server here would be silent. */
  async function run(...args: string[]): Promise<{ code: number; output: string }> {
    const config = {
      clusters: [
        {
          name: "here",
          cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
        },
      ],
      contexts: [{ name: "here", context: { cluster: "here", user: "me" } }],
      users: [{ name: "me", user: {} }],
      "current-context": "here",
    };
    writeFileSync(join(folder, "config"), JSON.stringify(config));
    return await new Promise((resolve) => {
      const env = { ...process.env, KUBECONFIG: join(folder, "config") };
      execFile(process.execPath, ["cli/in-the-way.ts", ...args], { cwd: root, env }, (error, stdout, stderr) => {
        resolve({ code: Number(error?.code ?? 0), output: stdout + stderr });
      });
    });
  }

  it("finds nothing where there is but what the stack made, and what that has made", async () => {
    assert.deepEqual(await run(), { code: 0, output: "Nothing is in the way.\n" });
  });

  it("names a user's own Trigger, Broker and Subscription, and how each is deleted", async () => {
    add("eventing", "triggers", "default", "evidence", { broker: "default" });
    add("eventing", "brokers", "shop", "default");
    add("messaging", "subscriptions", "default", "default-evidence-0c1d");
    const { code, output } = await run();
    assert.equal(code, 1);
    assert.deepEqual(output.split("\n").slice(1, -1).sort(), [
      "  kubectl delete brokers.eventing.knative.dev default --namespace shop",
      "  kubectl delete subscriptions.messaging.knative.dev default-evidence-0c1d --namespace default",
      "  kubectl delete triggers.eventing.knative.dev evidence --namespace default",
    ]);
  });

  it("leaves out what goes with Knative's own namespaces", async () => {
    add("eventing", "triggers", "knative-eventing", "own");
    assert.equal((await run()).code, 0);
  });

  it("reads lists to their end", async () => {
    const path = "/apis/messaging.knative.dev/v1/subscriptions";
    Object.assign(answers[path] as object, { metadata: { continue: "a/b" } });
    const rest = [{ metadata: { name: "last", namespace: "default" } }];
    answers[`${path}&continue=a%2Fb`] = { items: rest, metadata: {} };
    assert.match((await run()).output, /subscriptions\.messaging\.knative\.dev last/);
  });

  it("says nothing is in the way where there is no Knative", async () => {
    answers = { "/apis": { groups: [group("apps")] } };
    assert.equal((await run()).code, 0);
  });

  it("says why where the cluster can't be asked, which is no answer", async () => {
    answers = {};
    const { code, output } = await run();
    assert.equal(code, 2);
    assert.match(output, /^The cluster can't be asked: .*\/apis: HTTP 404/);
    assert.match((await run("--context", "none")).output, /has no context "none"/);
  });

  it("says how it is used", async () => {
    const { code, output } = await run("--help");
    assert.equal(code, 0);
    assert.match(output, /^usage: npm run in-the-way/);
  });
});
