import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { ALERT_KEY } from "../../support/alert-key.ts";
import { withBundle } from "../../support/with-bundle.ts";

/** Requests as Knative Eventing's Broker sends them on from falcosidekick: headers and body, byte for byte. */
const DELIVERIES = join(import.meta.dirname, "deliveries");

describe("the responder's bundle, given real deliveries, byte for byte,", function () {
  this.timeout(120_000);
  const running = withBundle();

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
      for (const [namespace, name] of pods) running.createPod(namespace, name);
      const answer = await sendRaw(withKey(readFileSync(join(DELIVERIES, file))));
      assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
      const missing = pods.filter(([namespace, name]) => !running.exists(namespace, name)).map((pod) => pod.join("/"));
      assert.deepEqual(missing, gone ? [gone] : []);
    });
  }

  it("covers every one that was recorded", () => {
    assert.deepEqual(readdirSync(DELIVERIES).sort(), Object.keys(outcomes).sort());
  });

  /** The request's bytes as they are, and the answer's as they come. */
  async function sendRaw(request: Buffer): Promise<string> {
    const { hostname, port } = new URL(running.service.url);
    const socket = connect(Number(port), hostname);
    socket.write(request);
    const [answer] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    return answer.toString();
  }
});

/** As it was recorded, and with the key as falcosidekick's SDK and the Broker write an extension. */
function withKey(request: Buffer): Buffer {
  const end = request.indexOf("\r\n");
  return Buffer.concat([request.subarray(0, end), Buffer.from(`\r\nCe-Alertkey: ${ALERT_KEY}`), request.subarray(end)]);
}
