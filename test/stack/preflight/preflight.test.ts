import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateProgram } from "../../../lab/program/evaluate.ts";
import { versionOf } from "../../../stack/preflight/cluster.ts";
import { checkCluster } from "../../../stack/preflight/preflight.ts";

const KNATIVE = { install: true, version: "1.23.0", manifests: "", checkCluster: true };

describe("the look at the cluster before anything is made", () => {
  let server: Server;
  let url: string;
  let asked: { path: string | undefined; authorization: string | undefined }[];
  let gitVersion: string;

  beforeEach(async () => {
    asked = [];
    gitVersion = "v1.34.0";
    server = createServer(({ url: path, headers }, response) => {
      asked.push({ path, authorization: headers.authorization });
      if (path === "/silent/version") return;
      if (path === "/refusing/version") response.writeHead(403).end("{}");
      else response.end(JSON.stringify({ major: "1", gitVersion }));
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  /** Two contexts: the current one leads to `path`, "other" to nowhere. */
  function kubeconfig(path = ""): pulumi.Output<string> {
    const clusters = [
      { name: "here", cluster: { server: `${url}${path}` } },
      { name: "nowhere", cluster: { server: "http://127.0.0.1:1" } },
    ];
    const contexts = [
      { name: "current", context: { cluster: "here", user: "me" } },
      { name: "other", context: { cluster: "nowhere", user: "me" } },
    ];
    const users = [{ name: "me", user: { token: "t0ken" } }];
    const text = { apiVersion: "v1", kind: "Config", "current-context": "current", clusters, contexts, users };
    return pulumi.secret(JSON.stringify(text));
  }

  async function warningsOf(cluster: Parameters<typeof versionOf>[0], knative = KNATIVE): Promise<string[]> {
    const warnings: string[] = [];
    await checkCluster({ cluster, knative }, (warning) => warnings.push(warning));
    return warnings;
  }

  it("refuses a Kubernetes that this Knative doesn't take, with both versions and what to do", async () => {
    gitVersion = "v1.33.4+k3s1";
    await assert.rejects(warningsOf({ kubeconfig: kubeconfig() }), (error: Error) => {
      assert.ok(pulumi.RunError.isInstance(error), "an error that Pulumi prints without a stack trace");
      assert.match(error.message, /Kubernetes is v1\.33\.4\+k3s1; Knative 1\.23\.0 needs 1\.34 or newer\nUpgrade/);
      return true;
    });
  });

  it("comes before all else that the program makes or fetches", async () => {
    gitVersion = "v1.33.4";
    const text = await new Promise<string>((resolve) => void kubeconfig().apply(resolve));
    const config = {
      "knative:checkCluster": true,
      "knative:manifests": `${url}/manifests`,
      "kubernetes:kubeconfig": text,
    };
    await assert.rejects(evaluateProgram({ stack: "dev", config }), /is v1\.33\.4; Knative 1\.23\.0 needs 1\.34/);
    assert.deepEqual(
      asked.map(({ path }) => path),
      ["/version"],
    );
  });

  it("says nothing of one that it takes, and asks as the kubeconfig says", async () => {
    for (const version of ["v1.34.0", "v1.40.2-eks-1"]) {
      gitVersion = version;
      assert.deepEqual(await warningsOf({ kubeconfig: kubeconfig() }), []);
    }
    assert.deepEqual(asked[0], { path: "/version", authorization: "Bearer t0ken" });
  });

  it("reads the kubeconfig from a file where a path is given", async () => {
    const folder = await mkdtemp(join(tmpdir(), "kubeconfig-"));
    try {
      const path = join(folder, "config");
      await writeFile(path, await new Promise<string>((resolve) => void kubeconfig().apply(resolve)));
      assert.equal(await versionOf({ kubeconfig: pulumi.output(path) }), "v1.34.0");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("asks the context that is named", async () => {
    const [warning = ""] = await warningsOf({ kubeconfig: kubeconfig(), context: "other" });
    assert.match(warning, /^The cluster can't be asked for its version \(.*ECONNREFUSED.*\): .*at least 1\.34/);
    assert.deepEqual(asked, []);
    const [missing = ""] = await warningsOf({ kubeconfig: kubeconfig(), context: "none" });
    assert.match(missing, /the kubeconfig has no context "none"/);
  });

  it("warns, and goes on, where the cluster refuses to say or the kubeconfig is none", async () => {
    assert.match((await warningsOf({ kubeconfig: kubeconfig("/refusing") })).join(), /HTTP 403/);
    assert.equal((await warningsOf({ kubeconfig: pulumi.output("nonsense: [") })).length, 1);
  });

  it("waits for no cluster longer than its patience", async () => {
    await assert.rejects(versionOf({ kubeconfig: kubeconfig("/silent") }, 50), /no answer within 0\.05 seconds/);
  });

  it("asks nothing where the Knative that is there is used, and where it is told not to", async () => {
    gitVersion = "v1.20.0";
    const cluster = { kubeconfig: kubeconfig() };
    assert.deepEqual(await warningsOf(cluster, { ...KNATIVE, install: false }), []);
    assert.deepEqual(await warningsOf(cluster, { ...KNATIVE, checkCluster: false }), []);
    assert.deepEqual(await warningsOf(cluster, { ...KNATIVE, version: "1.4.0" }), []);
    assert.deepEqual(asked, []);
  });
});
