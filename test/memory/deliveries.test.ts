import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ALERT_HEADERS, POD_UID, shellAlert, TERMINATE } from "../responder/fixtures.ts";
import { LIMITS } from "../../responder/limits.ts";
import { ALERT_KEY } from "../support/alert-key.ts";
import { inRounds, many, withBounded } from "./bounded.ts";
import { hostileApi, type HostileApi } from "./hostile-api.ts";

const MIB = 1024 * 1024;
/** As many as Knative lets one replica have at a time. */
const AT_ONCE = 50;

const alertWith = (payload: Record<string, unknown>, fields: Record<string, unknown> = {}) =>
  JSON.stringify(shellAlert({ "k8s.pod.uid": POD_UID, ...fields }, payload));
/** An alert whose body is as large as is taken, or has as many values, by a field that is a text again and again. */
const filled = (head: string, part: string, tail: string, most = Infinity) => {
  const count = Math.min(most, Math.floor((MIB - 2048) / part.length));
  const body = `${alertWith({}).slice(0, -1)},"x":${head}${part.repeat(count)}${tail}`;
  return `${body},"y":"${"y".repeat(Math.max(0, MIB - body.length - 16))}"}`;
};
/** A little less than the values that a body may have. */
const VALUES = LIMITS.values - 100;
const event = (index: number, data: unknown) => ({
  specversion: "1.0",
  type: "falco.rule.output.v1",
  source: "https://falco.org",
  id: `${index}`,
  alertkey: ALERT_KEY,
  data,
});
const batch = (count: number, data: (index: number) => unknown) =>
  JSON.stringify(Array.from({ length: count }, (_, index) => event(index, data(index))));
const BATCH = { "content-type": "application/cloudevents-batch+json" };

const MANY_FIELDS = alertWith({}, Object.fromEntries(Array.from({ length: 60_000 }, (_, key) => [`f${key}`, "1"])));
/** Each body, what it is sent with, and what may be answered. */
const BODIES: [string, (index: number) => string, Record<string, string>, number[]][] = [
  ["holds hundreds of thousands of numbers", () => filled("[", "1,", "1]"), ALERT_HEADERS, [413, 503]],
  ["holds hundreds of thousands of maps", () => filled("[", "{},", "1]"), ALERT_HEADERS, [413, 503]],
  ["holds hundreds of thousands of lists", () => filled("[", "[],", "1]"), ALERT_HEADERS, [413, 503]],
  ["holds as many maps as are taken", () => filled("[", "{},", "1]", VALUES / 2), ALERT_HEADERS, [200, 503]],
  [
    "holds as many numbers that are kept exact as are taken",
    () => filled("[", "9007199254740993,", "1]", VALUES),
    ALERT_HEADERS,
    [200, 503],
  ],
  [
    "holds as many keys as fit",
    () => `{${Array.from({ length: 100_000 }, (_, key) => `"${key}":1`).join(",")}}`,
    ALERT_HEADERS,
    [413, 503],
  ],
  ["is nested as deep as fits", () => "[".repeat(MIB), ALERT_HEADERS, [413, 503]],
  [
    "is nested as deep as is taken",
    () => filled("[".repeat(VALUES), "1", "]".repeat(VALUES), 1),
    ALERT_HEADERS,
    [200, 400, 503],
  ],
  ["has a uuid of 900 KB", (index) => alertWith({ uuid: `${index}`.padEnd(900_000, "u") }), ALERT_HEADERS, [200, 503]],
  ["has a rule of 900 KB", (index) => alertWith({ rule: `${index}`.padEnd(900_000, "r") }), ALERT_HEADERS, [204, 503]],
  [
    "has a message of 900 KB",
    (index) => alertWith({ output: `${index}`.padEnd(900_000, "\u0100") }).slice(0, MIB),
    ALERT_HEADERS,
    [200, 400, 413, 503],
  ],
  [
    "has a field of 900 KB",
    (index) => alertWith({}, { "proc.cmdline": `${index}`.padEnd(900_000, "f") }),
    ALERT_HEADERS,
    [200, 503],
  ],
  ["has as many fields as fit", () => MANY_FIELDS, ALERT_HEADERS, [413, 503]],
  ["is a batch of 2,500 events", () => batch(2500, () => 1), BATCH, [413, 503]],
  [
    "is a batch of 100 events of 10 KB",
    (index) => batch(100, (at) => shellAlert({ "k8s.pod.uid": POD_UID }, { uuid: `${index} ${at}`.padEnd(9000, "b") })),
    BATCH,
    [200, 503],
  ],
  ["is a batch of what is none", () => `[${"1,".repeat(500_000)}1]`, BATCH, [413, 503]],
  ["has headers near the limit", () => alertWith({}), { ...ALERT_HEADERS, "ce-x": "h".repeat(15_000) }, [200]],
  [
    "has more headers than are read",
    () => alertWith({}),
    { ...ALERT_HEADERS, ...Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`ce-h${at}`, "1"])) },
    [200, 400, 431],
  ],
  ["is larger than is taken", () => "x".repeat(8 * MIB), ALERT_HEADERS, [413, 503]],
];

describe("the responder's memory, in its pod, with deliveries that are meant to fill it", function () {
  this.timeout(10 * 60_000);

  let api: HostileApi | undefined;
  before(async () => {
    api = await hostileApi();
  });
  after(async () => {
    await api?.stop();
  });
  const bounded = withBounded(() => api, { rules: TERMINATE });

  for (const [what, body, headers, statuses] of BODIES) {
    it(`holds where a body ${what}`, async () => {
      await inRounds(bounded, () =>
        many(AT_ONCE, AT_ONCE, async (index) => {
          const answer = await bounded.deliver(body(index), headers);
          await answer.text();
          assert.ok(statuses.includes(answer.status), `${answer.status}`);
        }),
      );
    });
  }

  it("holds where the API is slow to answer for as many large alerts as there may be", async () => {
    const waiting: (() => void)[] = [];
    api?.answers((_request, response) => {
      waiting.push(() => {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify({ kind: "Status", status: "Success" }));
      });
      if (waiting.length >= 4) while (waiting.length > 0) waiting.pop()?.();
      return true;
    });
    await inRounds(bounded, () =>
      many(AT_ONCE, AT_ONCE, async (index) => {
        const body = filled("[", "{},", `${index}]`, VALUES / 2);
        await (await bounded.deliver(body)).text();
      }),
    );
    api?.answers(() => false);
  });

  for (const [what, half] of [
    ["never end", `Transfer-Encoding: chunked\r\n\r\n${"100\r\n".concat("x".repeat(256), "\r\n").repeat(3000)}`],
    ["stop halfway", `Content-Length: ${MIB}\r\n\r\n${"x".repeat(MIB / 2)}`],
    ["are announced and never begin", `Content-Length: ${MIB}\r\n\r\n`],
    ["have headers that never end", `x: ${"x".repeat(8000)}`],
  ] as const) {
    it(`holds where many bodies ${what}`, async () => {
      const head = `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${half}`;
      await inRounds(bounded, async () => {
        const sockets = await Promise.all(Array.from({ length: 200 }, () => sending(bounded.url, head)));
        // an alert that comes while they hang is answered, or asked to come again
        const answer = await bounded.deliver(alertWith({}));
        await answer.text();
        assert.ok([200, 503].includes(answer.status), `${answer.status}`);
        await Promise.all(
          sockets.map(async (socket) => {
            socket.destroy();
            if (!socket.closed) await once(socket, "close");
          }),
        );
      });
    });
  }
});

async function sending(url: string, text: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).on("error", () => undefined);
  await once(socket, "connect");
  await new Promise<void>((sent) => {
    // who is refused early closes before all of it is taken
    socket.write(text, () => {
      sent();
    });
    socket.once("close", () => {
      sent();
    });
  });
  return socket.resume();
}
