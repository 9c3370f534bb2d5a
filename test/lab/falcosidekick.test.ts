import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { readPayload, startFalcosidekick } from "../../lab/falcosidekick.ts";
import type { Falcosidekick, SidekickNote } from "../../lab/falcosidekick.ts";
import { startSubscriber } from "./subscriber.ts";
import type { Subscriber } from "./subscriber.ts";

const ALERT = await readFile(new URL("../../lab/alerts/outbound-c2.json", import.meta.url), "utf8");
/** What falcosidekick 2.34 made of that alert, its UUID aside. */
const RECORDED =
  '"output":"16:31:56.746609046: Warning Outbound Connection to C2 Servers","priority":"Warning","rule":"Outbound Connection to C2 Servers","time":"2026-11-23T16:31:56.746609046Z","output_fields":{"container.id":"3ad7b26ded6d","container.image.repository":"docker.io/library/alpine","container.image.tag":"3.22","container.name":"cart-7c9d8f5b6-x2x9k","evt.time":1795451516746609046,"evt.type":"connect","fd.name":"10.244.0.9:51000-\\u003e203.0.113.7:4444","k8s.ns.name":"shop","k8s.pod.name":"cart-7c9d8f5b6-x2x9k","proc.cmdline":"sh","proc.name":"sh","proc.pname":"containerd-shim","proc.tty":34816,"user.loginuid":-1,"user.name":"root","user.uid":0},"source":"syscall","tags":["TA0011","container","host","maturity_deprecated","mitre_command_and_control","network"],"hostname":"node-1"}';

describe("the stand-in for falcosidekick", () => {
  let broker: Subscriber;
  let sidekick: Falcosidekick;
  let notes: SidekickNote[];

  beforeEach(async () => {
    notes = [];
    broker = await startSubscriber(202);
    sidekick = await startFalcosidekick({ brokerUrl: () => broker.url, onNote: (note) => notes.push(note) });
  });
  afterEach(async () => {
    await sidekick.close();
    await broker.close();
  });

  it("posts to the Broker, byte for byte, what falcosidekick would", async () => {
    assert.equal((await fetch(sidekick.url, { method: "POST", body: ALERT })).status, 200);
    await sidekick.idle();
    const [received] = broker.received;
    assert.ok(received);
    const [uuid, rest] = [received.body.toString().slice(0, 47), received.body.toString().slice(47)];
    assert.match(uuid, /^\{"uuid":"[0-9a-f-]{36}",$/);
    assert.equal(rest, RECORDED);
    const { headers } = received;
    assert.deepEqual(
      [
        "ce-specversion",
        "ce-type",
        "ce-source",
        "ce-rule",
        "ce-priority",
        "ce-eventsource",
        "ce-hostname",
        "ce-time",
        "content-type",
      ].map((name) => headers[name]),
      [
        "1.0",
        "falco.rule.output.v1",
        "https://falco.org",
        "Outbound Connection to C2 Servers",
        "Warning",
        "syscall",
        "node-1",
        "2026-11-23T16:31:56.746609046Z",
        "application/json",
      ],
    );
    assert.notEqual(headers["ce-id"], uuid.slice(9, 45));
  });

  it("gives every alert a UUID of its own, whatever it came with", () => {
    const first = readPayload(ALERT);
    assert.ok(typeof first === "object");
    const second = readPayload(JSON.stringify(first));
    assert.ok(typeof second === "object");
    assert.notEqual(first.uuid, second.uuid);
  });

  it("tells what the Broker answered, and that it didn't", async () => {
    await fetch(sidekick.url, { method: "POST", body: ALERT });
    await sidekick.idle();
    await broker.close();
    await fetch(sidekick.url, { method: "POST", body: ALERT });
    await sidekick.idle();
    assert.deepEqual(
      notes.filter((note) => note.kind === "sent").map(({ status }) => status),
      [202, undefined],
    );
    broker = await startSubscriber(202);
  });

  const valid = { priority: "Notice", rule: "r", time: "2026-11-24T00:00:00Z", output_fields: { a: "b" } };
  const refused: [text: string, body: string][] = [
    ["no JSON", "{"],
    ["a list", "[]"],
    ["no priority", JSON.stringify({ ...valid, priority: undefined })],
    ["a priority that is none", JSON.stringify({ ...valid, priority: "High" })],
    ["no rule", JSON.stringify({ ...valid, rule: "" })],
    ["no time", JSON.stringify({ ...valid, time: undefined })],
    ["time zero", JSON.stringify({ ...valid, time: "0001-01-01T00:00:00Z" })],
    ["a time that is none", JSON.stringify({ ...valid, time: "yesterday" })],
    ["no output fields", JSON.stringify({ ...valid, output_fields: {} })],
    ["a pod's name that is no string", JSON.stringify({ ...valid, output_fields: { "k8s.pod.name": 1 } })],
    ["tags that are no list", JSON.stringify({ ...valid, tags: "a" })],
  ];
  for (const [text, body] of refused) {
    it(`answers 400 to an alert with ${text}, and sends nothing`, async () => {
      assert.equal((await fetch(sidekick.url, { method: "POST", body })).status, 400);
      await sidekick.idle();
      assert.deepEqual([notes.map(({ kind }) => kind), broker.received.length], [["rejected"], 0]);
    });
  }

  it("takes priorities in any case, a null field and an absent source as falcosidekick does", () => {
    const payload = readPayload(JSON.stringify({ ...valid, priority: "info", output_fields: { "k8s.ns.name": null } }));
    assert.ok(typeof payload === "object");
    assert.deepEqual([payload.priority, payload.source], ["Informational", "syscalls"]);
  });

  it("takes a response that comes as a CloudEvent, and passes it on as an alert", async () => {
    const body = JSON.stringify({ ...valid, rule: "Response: r", source: "response" });
    const headers = {
      "ce-specversion": "1.0",
      "ce-id": "1",
      "ce-type": "falco.response.v1",
      "ce-source": "/x",
      "content-type": "application/json",
    };
    assert.equal((await fetch(sidekick.url, { method: "POST", headers, body })).status, 200);
    await sidekick.idle();
    assert.deepEqual(
      [broker.received[0]?.headers["ce-type"], broker.received[0]?.headers["ce-eventsource"]],
      ["falco.rule.output.v1", "response"],
    );
  });
});
