import assert from "node:assert/strict";
import { rmSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentialsFrom, inTime } from "../../../responder/kubernetes/credentials.ts";
import { ApiError } from "../../../responder/kubernetes/errors.ts";

describe("credentials for the API", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "response-engine-credentials-"))));
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const from = (user: object, server = "https://api.example.com:6443/base") => {
    const named = (what: string, value: object) => [{ name: "it", [what]: value }];
    const config = {
      clusters: named("cluster", { server, "insecure-skip-tls-verify": true }),
      users: named("user", user),
      contexts: named("context", { cluster: "it", user: "it" }),
      "current-context": "it",
    };
    writeFileSync(join(folder, "kubeconfig"), JSON.stringify(config));
    return credentialsFrom(join(folder, "kubeconfig"));
  };

  it("are the token that the kubeconfig holds, for the server that it names", async () => {
    const { server, headers, tls } = await from({ token: "t" })();
    assert.equal(server.href, "https://api.example.com:6443/base");
    assert.equal(headers["Authorization"] ?? headers["authorization"], "Bearer t");
    assert.equal(tls.rejectUnauthorized, false);
  });

  it("are a user and a password", async () => {
    const { headers } = await from({ username: "u", password: "p:w" })();
    assert.equal(headers["authorization"], `Basic ${Buffer.from("u:p:w").toString("base64")}`);
  });

  it("are read once for many requests", async () => {
    const credentials = from({ token: "t" });
    assert.equal(await credentials(), await credentials());
  });

  it("that can't be read leave the API unreachable, and are tried again by the next request", async () => {
    const credentials = from({
      exec: { apiVersion: "client.authentication.k8s.io/v1", command: join(folder, "none") },
    });
    for (let times = 0; times < 2; times++) {
      await assert.rejects(credentials(), (error) => error instanceof ApiError && error.failure === "unreachable");
    }
  });

  for (const server of ["api", "//"]) {
    it(`are for no server called ${JSON.stringify(server)}`, () => {
      assert.throws(() => from({}, server), /names no cluster/);
    });
  }

  it("that never come time out, in words", async () => {
    await assert.rejects(
      inTime(() => new Promise(() => undefined), 20)(),
      (error) =>
        error instanceof ApiError &&
        error.failure === "time-out" &&
        error.message === "no credentials for the Kubernetes API within 0.02 s",
    );
  });

  it("that come in time, or fail, are what they are", async () => {
    const one = { server: new URL("http://a"), headers: {}, tls: {} };
    assert.equal(await inTime(() => Promise.resolve(one), 10_000)(), one);
    await assert.rejects(inTime(() => Promise.reject(new Error("no")), 10_000)(), /^Error: no$/);
  });
});
