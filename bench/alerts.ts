import { randomUUID } from "node:crypto";
import { Agent, request } from "node:http";
import { performance } from "node:perf_hooks";
import { ALERT_KEY } from "../test/support/alert-key.ts";
import type { Target } from "./bare-client.ts";

const agent = new Agent({ keepAlive: true });

/** Delivers an alert as a Broker does; gives the milliseconds to its answer. @throws Error where that isn't the outcome wanted */
export function deliver(url: string, body: string, wanted: { status: number; outcome?: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "ce-specversion": "1.0",
      "ce-id": randomUUID(),
      "ce-source": "https://falco.org",
      "ce-type": "falco.rule.output.v1",
      "ce-alertkey": ALERT_KEY,
      prefer: "reply",
    };
    const sent = request(url, { method: "POST", headers, agent }, (response) => {
      response.resume();
      response.once("error", reject);
      response.once("end", () => {
        const { statusCode = 0, headers: answered } = response;
        if (statusCode === wanted.status && answered["ce-outcome"] === wanted.outcome)
          resolve(performance.now() - started);
        else reject(new Error(`an alert was answered ${statusCode} ${String(answered["ce-outcome"])}`));
      });
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

/** A shell in a pod: what the default rules terminate it for. */
export function alertOf({ namespace, name, uid }: Target, rule = "Terminal shell in container"): string {
  return JSON.stringify({
    uuid: randomUUID(),
    output: `16:31:56.746609046: Notice A shell was spawned in a container with an attached terminal | container_name=main k8s_pod_name=${name} k8s_ns_name=${namespace}`,
    priority: "Notice",
    rule,
    time: new Date().toISOString(),
    source: "syscall",
    tags: ["T1059", "container", "maturity_stable", "mitre_execution", "shell"],
    hostname: "node-0",
    output_fields: {
      "container.id": "3ad7b26ded6d",
      "container.image.repository": "docker.io/library/alpine",
      "container.name": "main",
      "evt.time": 1763915516746609046n.toString(),
      "evt.type": "execve",
      "k8s.ns.name": namespace,
      "k8s.pod.name": name,
      "k8s.pod.uid": uid,
      "proc.cmdline": "sh",
      "proc.name": "sh",
      "proc.pname": "containerd-shim",
      "proc.tty": 34816,
      "user.name": "root",
    },
  });
}

/** Lets go of the connections. */
export function hangUp(): void {
  agent.destroy();
}
