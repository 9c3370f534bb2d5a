import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import type { Program } from "../../../lab/program/evaluate.ts";
import { ALERT_KEY } from "../../../responder/formats.ts";
import { AlertKey } from "../../../stack/key/alert-key.ts";
import { describeStacks, find, programWith } from "../evaluated.ts";
import { settled } from "../responder/mocks.ts";

const [FIRST, SECOND] = ["first-key-0123456789-abcdef", "second-key-0123456789-abcdef"];

function textOf(program: Program, secret: string, entry: string): string {
  return Buffer.from(find(program, secret).inputs.data[entry] ?? "", "base64").toString();
}

/** Every text in a value, and what it says where it is base64. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value, Buffer.from(value, "base64").toString("latin1")];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

describeStacks("the key that alerts carry", (stack, program) => {
  it("is 32 bytes that nobody could guess, in the responder's Secret", () => {
    const { inputs, secrets } = find(program(), "alert-key-secret");
    const [key = "", ...others] = textOf(program(), "alert-key-secret", "keys").trim().split("\n");
    assert.equal(Buffer.from(key, "base64url").length, 32);
    assert.equal(ALERT_KEY.read(key), key);
    assert.deepEqual(others, []);
    assert.equal(inputs.metadata.namespace, stack === "prod" ? "response-engine" : "default");
    assert.deepEqual(secrets, ["data"]);
  });

  it("is what falcosidekick sends, in a Secret of its namespace, when the responder takes it", () => {
    const { inputs, dependsOn, secrets } = find(program(), "falco-alert-key");
    const key = textOf(program(), "alert-key-secret", "keys").trim();
    assert.equal(textOf(program(), "falco-alert-key", "extensions"), `alertkey:${key}`);
    assert.equal(inputs.metadata.namespace, "falco");
    assert.deepEqual(secrets, ["data"]);
    assert.ok(dependsOn.includes("responder-service"));
    assert.ok(find(program(), "falco-release").dependsOn.includes("falco-alert-key"));
  });

  it("is in these two and in no other input of a resource, and in no output of the stack", () => {
    const key = textOf(program(), "alert-key-secret", "keys").trim();
    const holders = program().resources.filter(({ inputs }) => textsOf(inputs).some((text) => text.includes(key)));
    assert.deepEqual(holders.map(({ name }) => name).sort(), ["alert-key-secret", "falco-alert-key"]);
    assert.ok(!textsOf(program().outputs).some((text) => text.includes(key)));
  });
});

describe("keys that the stack names", () => {
  let program: Program;

  before(async () => {
    program = await programWith({ alertKeys: [FIRST, SECOND] });
  });

  it("are all taken, and the first is sent", () => {
    assert.equal(textOf(program, "alert-key-secret", "keys"), `${FIRST}\n${SECOND}\n`);
    assert.equal(textOf(program, "falco-alert-key", "extensions"), `alertkey:${FIRST}`);
  });

  it("stand nowhere else", () => {
    const holders = program.resources.filter(({ inputs }) =>
      textsOf(inputs).some((text) => text.includes(FIRST) || text.includes(SECOND)),
    );
    assert.deepEqual(holders.map(({ name }) => name).sort(), ["alert-key-secret", "falco-alert-key"]);
  });

  it("start the pods on both sides again when they are others, and don't when they are the same", async () => {
    const marks = async (alertKeys: string[]) => {
      const other = await programWith({ alertKeys });
      const annotations = find(other, "responder-service").inputs.spec.template.metadata.annotations;
      const { podAnnotations } = find(other, "falco-release").inputs.values.falcosidekick;
      return [annotations["response-engine.io/secrets"], podAnnotations["response-engine.io/alert-key"]];
    };
    const before = await marks([FIRST]);
    assert.ok(before.every((mark) => /^[0-9a-f]{12}$/.test(mark ?? "")));
    assert.deepEqual(await marks([FIRST]), before);
    // a second one is taken and not sent
    const [responder, falcosidekick] = await marks([FIRST, SECOND]);
    assert.notEqual(responder, before[0]);
    assert.equal(falcosidekick, before[1]);
    assert.notEqual((await marks([SECOND, FIRST]))[1], before[1]);
  });

  it("go with further extensions of the stack's own", async () => {
    const extraEnv = [
      { name: "CLOUDEVENTS_EXTENSIONS", value: "cluster:blue" },
      { name: "HTTPS_PROXY", value: "http://proxy:3128" },
    ];
    const falcoValues = { falcosidekick: { config: { extraEnv } } };
    const other = await programWith({ alertKeys: [FIRST], falcoValues });
    assert.equal(textOf(other, "falco-alert-key", "extensions"), `cluster:blue,alertkey:${FIRST}`);
    const { extraEnv: merged } = find(other, "falco-release").inputs.values.falcosidekick.config;
    assert.deepEqual(
      (merged as { name: string }[]).map(({ name }) => name),
      ["HTTPS_PROXY", "CLOUDEVENTS_EXTENSIONS"],
    );
  });

  it("are refused where falcosidekick couldn't send them, without being shown", async () => {
    for (const key of ["short", "with,a,comma-0123456789", "with:colon-0123456789", "with space 0123456789"]) {
      await assert.rejects(programWith({ alertKeys: [key] }), (error: Error) => {
        assert.match(error.message, /alertKeys: what it is, which isn't shown, is not allowed/);
        return !error.message.includes(key);
      });
    }
  });
});

describe("a key that is made anew at each run", () => {
  /** Registers one with an engine that has stored another key already; gives what is told of it. */
  async function registered(keys?: pulumi.Output<string>) {
    const data = { keys: Buffer.from(`${FIRST}\n${SECOND}\n`).toString("base64") };
    await pulumi.runtime.setMocks({
      newResource: ({ name, inputs }) => ({ id: `${name}-id`, state: { ...(inputs as object), data } }),
      call: () => ({}),
    });
    const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
    const register = monitor.registerResource.bind(monitor);
    let ignored: string[] = [];
    monitor.registerResource = (request, callback) => {
      if (request.getName() === "key-secret") ignored = request.getIgnorechangesList();
      return register(request, callback);
    };
    const key = new AlertKey("key", { namespace: "default", keys }, {});
    return { sent: await settled(key.sent), ignored };
  }

  it("is left as it was first stored, and read from there", async () => {
    assert.deepEqual(await registered(), { sent: FIRST, ignored: ["data"] });
  });

  it("takes the place of the stored one where the stack names it", async () => {
    assert.deepEqual((await registered(pulumi.secret(JSON.stringify([SECOND])))).ignored, []);
  });
});

/** The part of the engine that is looked at here. */
interface Monitor {
  registerResource(
    request: { getName(): string; getIgnorechangesList(): string[] },
    callback: (...args: unknown[]) => void,
  ): unknown;
}
