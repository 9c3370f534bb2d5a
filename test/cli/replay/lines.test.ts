import assert from "node:assert/strict";
import { alertIn, linesOf } from "../../../cli/replay/lines.ts";
import { workloadNamed } from "../../../cli/replay/workload.ts";
import { LIMITS } from "../../../responder/limits.ts";
import { shellAlert } from "../../responder/fixtures.ts";

const ALERT = JSON.stringify(shellAlert());

describe("the alert in a line", () => {
  for (const [what, line] of [
    ["Falco's own", ALERT],
    ["a pod's log, with its name and time before each line", `[pod/falco-x7k2p/falco] 2026-11-23T16:31:57Z ${ALERT}`],
    ["falcosidekick's log in debug mode", `2026/11/23 16:31:57 [DEBUG] : Falco's payload : ${ALERT}`],
    ["a node's log of containers", `2026-11-23T16:31:57Z stdout F ${ALERT}\r`],
    ["a node's log of containers as JSON", JSON.stringify({ log: `${ALERT}\n`, stream: "stdout" })],
    ["one behind a brace that opens nothing", `{falco} ${ALERT}`],
  ] as const) {
    it(`is found in ${what}`, () => {
      assert.equal(alertIn(line)?.rule, "Terminal shell in container");
    });
  }

  for (const line of [
    "",
    "Mon Nov 23 16:31:56 2026: Falco initialized with configuration file /etc/falco/falco.yaml",
    '{"level":"info","message":"no alert"}',
    '{"rule":"cut off in the mid',
    '{"rule":"no priority"}',
    "}{",
    "{".repeat(100_000),
    `{"rule":"r","priority":"Notice","output":"${"x".repeat(LIMITS.body)}"}`,
  ]) {
    it(`is none in ${JSON.stringify(line.slice(0, 40))}`, () => {
      assert.equal(alertIn(line), undefined);
    });
  }
});

describe("the lines of a stream", () => {
  async function all(chunks: readonly string[]): Promise<string[]> {
    const given = async function* () {
      for (const chunk of chunks) yield await Promise.resolve(chunk);
    };
    const lines = [];
    for await (const line of linesOf(given())) lines.push(line);
    return lines;
  }

  it("come whole, wherever a chunk ends, and without a line's end behind the last", async () => {
    assert.deepEqual(await all(["a\nb", "c\n", "\nd"]), ["a", "bc", "", "d"]);
  });

  it("are cut where one is longer than any alert, and go on behind it", async () => {
    const lines = await all([...Array<string>(40).fill("x".repeat(LIMITS.body / 8)), "\nb\n"]);
    assert.equal(lines.length, 2);
    assert.ok((lines[0]?.length ?? 0) < 2 * LIMITS.body);
    assert.equal(lines[1], "b");
  });
});

describe("the workload that a pod's name tells", () => {
  for (const [pod, workload] of [
    ["web-5d9c7b8f6d-x7k2p", "web"],
    ["backup-29384720-x7k2p", "backup"],
    ["fluent-bit-x7k2p", "fluent-bit"],
    ["postgres-0", "postgres"],
    ["alpine", "alpine"],
    ["my-shell", "my-shell"],
  ] as const) {
    it(`is ${workload} of ${pod}`, () => {
      assert.equal(workloadNamed(pod), workload);
    });
  }
});
