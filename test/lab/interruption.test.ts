import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { eventually } from "../support/eventually.ts";
import { ALERTS, onLine, useLabRuns, type Line } from "./lab-runs.ts";

describe("npm start, interrupted", function () {
  this.timeout(300_000);
  const runs = useLabRuns();

  it("serves until then with --serve, takes alerts at the Broker it names, and cleans up", async () => {
    const child = runs.start(["--serve", "--json"]);
    const exited = once(child, "exit");
    const events: Line[] = [];
    onLine(child, (line) => events.push(line));
    const find = (wanted: (line: Line) => boolean): Promise<Line> =>
      eventually("the lab tells it", () => Promise.resolve(events.find(wanted)), { seconds: 120 });

    const { broker, alertKey } = await find(({ event }) => event === "serving");
    const headers = {
      "content-type": "application/json",
      "ce-specversion": "1.0",
      "ce-id": "1",
      "ce-type": "falco.rule.output.v1",
      "ce-source": "https://falco.org",
      "ce-rule": "Terminal shell in container",
      "ce-priority": "Notice",
      "ce-eventsource": "syscall",
      "ce-alertkey": String(alertKey),
    };
    const body = await readFile(`${ALERTS}terminal-shell.json`);
    assert.equal((await fetch(String(broker), { method: "POST", headers, body })).status, 202);
    await find(({ event, gone }) => event === "kubernetes" && gone === "pod default/alpine is gone");
    child.kill("SIGINT");
    assert.deepEqual(await exited, [0, null]);
    assert.deepEqual(await runs.leftOver(), []);
  });

  type Says = (text: string) => Promise<unknown>;
  const moments: [text: string, args: string[], reached: (says: Says) => Promise<unknown>][] = [
    ["while it evaluates the program", [], (says) => says("Evaluating the program")],
    [
      "while it starts the chain",
      [],
      () => eventually("it writes files", async () => (await runs.leftOver()).length > 0, { seconds: 120, every: 5 }),
    ],
    ["when the chain has started", ["--json"], (says) => says('"event":"started"')],
    ["amid the alerts", ["--json"], (says) => says('"event":"alert"')],
  ];
  for (const [text, args, reached] of moments) {
    it(`cleans up ${text}`, async () => {
      const child = runs.start(args);
      const exited = once(child, "exit");
      let said = "";
      child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
      const says: Says = (wanted) =>
        eventually(`it says ${wanted}`, () => Promise.resolve(said.includes(wanted)), { seconds: 120, every: 5 });
      await reached(says);
      child.kill("SIGINT");
      const [code] = (await exited) as [number | null];
      // a fast machine may be through
      assert.ok(code === 130 || (code === 0 && text === "amid the alerts"), `exit code ${String(code)}`);
      assert.deepEqual(await runs.leftOver(), []);
    });
  }
});
