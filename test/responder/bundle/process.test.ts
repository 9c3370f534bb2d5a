import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ALERT_KEY } from "../../support/alert-key.ts";
import { responderBundle } from "../../support/bundle.ts";
import { eventually } from "../../support/eventually.ts";
import { withBundle } from "../../support/with-bundle.ts";
import { shellAlert } from "../fixtures.ts";

describe("the responder's process", function () {
  this.timeout(120_000);

  describe("while it runs", () => {
    const running = withBundle();

    it("finishes what is in flight on SIGTERM, and then ends with 0", async () => {
      const uid = running.createPod("default", "alpine");
      const body = JSON.stringify(shellAlert({ "k8s.pod.uid": uid }));
      const { hostname, port } = new URL(running.service.url);
      const socket = connect(Number(port), hostname);
      const head = `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nCe-Specversion: 1.0\r\nCe-Id: 1\r\nCe-Alertkey: ${ALERT_KEY}\r\nCe-Source: falco.org\r\nCe-Type: falco.rule.output.v1\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
      // half a request is in flight when the signal comes: its head has been taken up
      socket.write(head + body.slice(0, 10));
      const [go] = (await once(socket, "data")) as [Buffer];
      assert.match(go.toString(), /^HTTP\/1.1 100 Continue/);
      process.kill(running.service.pid, "SIGTERM");
      await eventually("it stops", () => Promise.resolve(running.logged.some(({ message }) => message === "stopping")));
      socket.write(body.slice(10));
      const [answer] = (await once(socket, "data")) as [Buffer];
      assert.match(answer.toString(), /^HTTP\/1.1 200 [^]*connection: close/i);
      assert.equal(running.exists("default", "alpine"), false);
      assert.match(await eventually("it ends", () => Promise.resolve(running.ended[0])), /exit code 0/);
    });
  });

  /** As the Secret is mounted. */
  let keys: string;

  before(() => {
    keys = mkdtempSync(join(tmpdir(), "response-engine-keys-"));
    writeFileSync(join(keys, "keys"), `${ALERT_KEY}\n`);
  });

  after(() => {
    rmSync(keys, { recursive: true });
  });

  const broken: [string, Record<string, string>, string[], RegExp][] = [
    ["no key", { ALERT_KEYS_DIR: "/nowhere" }, [], /\/nowhere\/keys: it can't be read \(ENOENT\)/],
    ["no folder of rules", { RULES_DIR: "/nowhere" }, [], /RULES_DIR: "\/nowhere" can't be read/],
    [
      "a port that is none",
      { PORT: "http" },
      ["dead-letter"],
      /PORT: "http" is not allowed; it takes a port from 0 to 65535/,
    ],
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
    const child = spawn(process.execPath, [await responderBundle(), ...args], {
      env: { ALERT_KEYS_DIR: keys, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (chunk) => (output += String(chunk)));
    const [code] = (await once(child, "close")) as [number];
    return { code, output };
  }
});
