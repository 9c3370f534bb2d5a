import assert from "node:assert/strict";
import type { WebSocket } from "ws";
import { POD_UID, shellAlert } from "../responder/fixtures.ts";
import { inRounds, many, withBounded } from "./bounded.ts";
import { JSON_TYPE, large, on, whole } from "./answering.ts";
import { hostileApi, type Answering, type HostileApi } from "./hostile-api.ts";

const MIB = 1024 * 1024;
const AT_ONCE = 50;
/** Of what is read few at a time, more than that. */
const FEW = 12;

/** A rule for each way of asking the API, named as the alerts that it answers. */
const QUESTIONS: [string, string, object][] = [
  ["Terminal shell in container", "terminate", {}],
  ["Terminate", "terminate", {}],
  ["Spare", "terminate", { ignore_daemonsets: true, min_healthy_replicas: 1 }],
  ["Label", "label", { labels: { a: "b" } }],
  ["Log", "log", {}],
  ["Evidence", "evidence", {}],
  ["Exec", "exec", { command: "ls", timeout_seconds: 20 }],
  ["Drain", "drain", {}],
  ["Quarantine", "quarantine", {}],
];
const RULES = QUESTIONS.map(
  ([rule, actionner, parameters]) =>
    `- rule: ${rule}\n  match: {rules: ["${rule}"]}\n  actions: [{action: A, actionner: "kubernetes:${actionner}", parameters: ${JSON.stringify(parameters)}}]\n`,
).join("");

const podWith = (field: string) =>
  `{"kind":"Pod","apiVersion":"v1","spec":{"nodeName":"n","containers":[{"name":"c0"}]},"status":{"containerStatuses":[{"name":"c0","restartCount":0,"containerID":"containerd://3ad7b26ded6d"}]},"metadata":{"name":"alpine","namespace":"default","uid":"${POD_UID}",${field}`;
/** The same for the pod alone; the rest is in order. */
const ofPod =
  (how: Answering): Answering =>
  (request, response, body) =>
    /\/pods\/[^/?]+$/.test(request.url ?? "") && how(request, response, body);
const keys = (count: number, of: (key: number) => string) =>
  Array.from({ length: count }, (_, key) => of(key)).join(",");
/** Built once: half a million keys. */
const KEYS = keys(500_000, (key) => `"k${key}":1`).slice(0, 4 * MIB - 1024);
const TAKEN = keys(9000, (key) => `"k${key}":"${"v".repeat(400)}"`);
/** What is wrong with the API, the rules whose alerts come meanwhile, and how it answers. */
const ANSWERS: [string, string[], Answering][] = [
  [
    "lists of 100 MB",
    ["Evidence", "Drain", "Quarantine"],
    on(/\/(events|pods|networkpolicies)\?/, large(200, '{"items":[', "{},", 100 * MIB, "{}]}")),
  ],
  [
    "lists of as many pods as are read",
    ["Drain"],
    on(/\/pods\?/, (request, response) => {
      const next = `,"metadata":{"continue":"more"}`;
      const pods = Array.from({ length: 100 }, (_, at) => ({
        metadata: { name: `p${at}`, namespace: "default", uid: POD_UID, annotations: { a: "x".repeat(20_000) } },
        spec: { nodeName: "node-1", containers: Array.from({ length: 20 }, () => ({ name: "c", image: "image" })) },
      }));
      response.writeHead(200, JSON_TYPE).end(`{"kind":"PodList","items":${JSON.stringify(pods)}${next}}`);
      return request.method === "GET";
    }),
  ],
  [
    "lists of maps without end",
    ["Evidence", "Drain", "Quarantine"],
    on(
      /\/(events|pods|networkpolicies)\?/,
      whole(`{"kind":"PodList","items":[${"{},".repeat(120_000)}{}],"metadata":{"continue":"x"}}`),
    ),
  ],
  [
    "errors of 1 MB",
    ["Terminate", "Spare", "Log", "Evidence", "Exec", "Drain"],
    large(403, '{"kind":"Status","status":"Failure","code":403,"message":"', "m", MIB, '"}'),
  ],
  [
    "objects of 4 MB with half a million keys",
    ["Spare", "Label", "Evidence", "Exec"],
    whole(`${podWith(`"labels":{${KEYS}`)}}}}`),
  ],
  [
    "objects of 4 MB with as many keys as are taken",
    ["Spare", "Label", "Evidence", "Exec", "Log"],
    ofPod(whole(`${podWith(`"x":{${TAKEN}`)}}}}`)),
  ],
  [
    "objects of 4 MB with annotations that nobody is allowed",
    ["Spare", "Label", "Evidence", "Exec"],
    ofPod(whole(`${podWith(`"annotations":{${TAKEN}`)}}}}`)),
  ],
  [
    "objects of one long text",
    ["Spare", "Label", "Evidence"],
    ofPod(whole(`${podWith(`"annotations":{"a":"${"\u0100".repeat(MIB)}"`)}}}}`)),
  ],
  ["objects nested as deep as fits", ["Spare", "Evidence"], whole(podWith(`"x":${"[".repeat(2 * MIB)}`))],
  ["objects of maps", ["Spare", "Evidence"], whole(`${podWith(`"x":[${"{},".repeat(MIB)}{}]`)}}}`)],
  [
    "redirects without end",
    ["Terminate", "Spare", "Log", "Exec"],
    (request, response) => {
      response.writeHead(307, { location: request.url ?? "" }).end("x".repeat(100_000));
      return true;
    },
  ],
  [
    "logs of 100 MB without a line's end",
    ["Log", "Evidence"],
    on(/\/log\?/, large(200, "", "x", 100 * MIB, "", { "content-type": "text/plain" })),
  ],
  [
    "logs of 4 MB of what a terminal obeys",
    ["Log", "Evidence"],
    on(/\/log\?/, large(200, "", "\u001b]a;", 4 * MIB - 8, "", { "content-type": "text/plain" })),
  ],
  [
    "logs that grow when they are encoded",
    ["Log", "Evidence"],
    on(/\/log\?/, large(200, "", '"\\', 4 * MIB - 8, "", { "content-type": "text/plain" })),
  ],
];

const message = (channel: number, size: number, fill: number) => Buffer.alloc(size + 1, fill).fill(channel, 0, 1);

/** What a command's stream brings, until nobody reads it. */
const STREAMS: [string, (socket: WebSocket) => void][] = [
  [
    "many tiny messages",
    (socket) => {
      flood(socket, message(1, 1, 0x61), 20_000);
    },
  ],
  [
    "messages of 1 MiB",
    (socket) => {
      flood(socket, message(1, MIB - 1, 0x61), 80);
    },
  ],
  [
    "messages of 1 MiB of what a terminal obeys",
    (socket) => {
      flood(socket, message(1, MIB - 1, 0x1b), 2);
    },
  ],
  [
    "larger messages than are taken",
    (socket) => {
      flood(socket, message(1, 4 * MIB, 0x61), 2);
    },
  ],
  [
    "an end of 1 MiB",
    (socket) => {
      socket.send(message(3, MIB - 1, 0x7b));
    },
  ],
];

function flood(socket: WebSocket, data: Buffer, count: number): void {
  let left = count;
  const more = () => {
    for (let some = 0; some < 500 && left > 0; some++, left--) {
      if (socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > 4 * MIB) {
        setImmediate(more);
        return;
      }
      socket.send(data);
    }
    if (left > 0) setImmediate(more);
    else socket.send(Buffer.from('\u0003{"status":"Success"}'));
  };
  more();
}

describe("the responder's memory, in its pod, with answers of the API that are meant to fill it", function () {
  this.timeout(10 * 60_000);

  let api: HostileApi | undefined;
  before(async () => {
    api = await hostileApi();
  });
  after(async () => {
    await api?.stop();
  });
  const bounded = withBounded(() => api, { rules: RULES });
  let count = 0;

  async function round(rules: readonly string[], alerts: number): Promise<void> {
    await many(alerts, AT_ONCE, async (index) => {
      const rule = rules[index % rules.length] ?? "";
      // each pod and each alert of its own: none is remembered
      const alert = shellAlert({ "k8s.pod.name": `alpine-${index}` }, { rule, uuid: `u-${count++}` });
      const answer = await bounded.deliver(JSON.stringify(alert));
      await answer.text();
      assert.ok([200, 503].includes(answer.status), `${answer.status}`);
    });
  }

  for (const [what, rules, how] of ANSWERS) {
    it(`holds where the API gives ${what}`, async () => {
      api?.answers(how);
      await inRounds(bounded, () => round(rules, /lists|logs/.test(what) ? FEW : AT_ONCE));
    });
  }

  for (const [what, how] of STREAMS) {
    it(`holds where a command's stream brings ${what}`, async () => {
      api?.answers(() => false);
      api?.runs(how);
      await inRounds(bounded, () => round(["Exec"], FEW));
    });
  }
});
