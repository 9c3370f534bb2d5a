import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../../responder/kubernetes/client.ts";

describe("the Kubernetes API's client", () => {
  let server: Server;
  let folder: string;
  let connections = 0;
  const requests: { method: string; url: string; type: string; body: string }[] = [];

  before(async () => {
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        requests.push({
          method: request.method ?? "",
          url: request.url ?? "",
          type: request.headers["content-type"] ?? "",
          body,
        });
        response.setHeader("content-type", "application/json");
        response.end('{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "alpine"}}');
      });
    });
    server.on("connection", () => (connections += 1));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    folder = mkdtempSync(join(tmpdir(), "response-engine-client-"));
    const cluster = {
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      "insecure-skip-tls-verify": true,
    };
    const named = (what: string, value: object) => [{ name: "it", [what]: value }];
    const config = {
      clusters: named("cluster", cluster),
      users: named("user", {}),
      contexts: named("context", { cluster: "it", user: "it" }),
      "current-context": "it",
    };
    writeFileSync(join(folder, "kubeconfig"), JSON.stringify(config));
  });

  after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  beforeEach(() => {
    requests.length = 0;
    connections = 0;
  });

  it("keeps its connections when it deletes pods", async () => {
    const { core } = connect(5_000, join(folder, "kubeconfig"));
    for (let count = 0; count < 10; count += 1) {
      await core.deleteNamespacedPod({ namespace: "default", name: "alpine", body: { preconditions: { uid: "u" } } });
    }
    assert.equal(requests.length, 10);
    assert.deepEqual(JSON.parse(requests[0]?.body ?? ""), { preconditions: { uid: "u" } });
    assert.ok(connections <= 2, `${connections} connections`);
  });

  it("sends what changes an object as a merge patch", async () => {
    const { core } = connect(5_000, join(folder, "kubeconfig"));
    await core.patchNamespacedPod({ namespace: "default", name: "alpine", body: { metadata: { labels: { a: "b" } } } });
    assert.deepEqual(requests, [
      {
        method: "PATCH",
        url: "/api/v1/namespaces/default/pods/alpine",
        type: "application/merge-patch+json",
        body: '{"metadata":{"labels":{"a":"b"}}}',
      },
    ]);
  });

  it("deletes an object with what it owns", async () => {
    await connect(5_000, join(folder, "kubeconfig")).deleteObject("/apis/batch/v1/namespaces/default/jobs/etl");
    assert.deepEqual(
      requests.map(({ method, url }) => [method, url]),
      [["DELETE", "/apis/batch/v1/namespaces/default/jobs/etl?propagationPolicy=Background"]],
    );
  });
});
