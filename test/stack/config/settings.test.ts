import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { readStack } from "../../../lab/program/evaluate.ts";
import { FLAG } from "../../../responder/formats.ts";
import { RESPONDER, type Setting } from "../../../responder/settings.ts";
import { Reader } from "../../../stack/config/reader.ts";
import { isKey, KEYS, keysOf, type Key, type Keys } from "../../../stack/config/settings.ts";

interface Declared {
  type?: string;
  items?: { type: string };
  default?: unknown;
  value?: unknown;
  description?: string;
}

function leavesOf(keys: Keys): Key[] {
  return Object.values(keys).flatMap((one) => (isKey(one) ? [one] : leavesOf(one)));
}

/** What a configuration's text, parsed where it is JSON, is for a value of Pulumi.yaml. */
function asRead(value: unknown): unknown {
  return typeof value === "object" || typeof value === "string" ? value : JSON.stringify(value);
}

describe("Pulumi.yaml and the stack's keys", () => {
  let declared: Record<string, Declared>;
  const { cluster, ...own } = KEYS;
  const keys = leavesOf(own);

  before(async () => {
    ({ config: declared } = parse(await readFile(new URL("../../../Pulumi.yaml", import.meta.url), "utf8")) as {
      config: Record<string, Declared>;
    });
  });

  it("name the same keys, none twice, but for those of Pulumi's own provider", () => {
    assert.deepEqual(keys.map(({ key }) => key).sort(), Object.keys(declared).sort());
    for (const { key } of leavesOf({ cluster })) assert.match(key, /^kubernetes:/);
  });

  it("agree on the type of each of the project's keys; others have none, which Pulumi would refuse", () => {
    for (const { key, format } of keys) {
      const { type, items } = declared[key] ?? {};
      assert.equal(type, key.includes(":") ? undefined : format.type, key);
      const item = key === "networkPolicyPeers" ? { type: "object" } : { type: "string" };
      assert.deepEqual(items, type === "array" ? item : undefined, key);
    }
  });

  it("agree on what is allowed: every default can be used as it is", () => {
    for (const { key, format } of keys) {
      const { default: otherwise, value } = declared[key] ?? {};
      assert.doesNotThrow(() => format.read(asRead(otherwise ?? value)), key);
    }
  });

  it("say of what the responder takes the same default and the same help as the responder does", () => {
    const settings = Object.values<Setting>(RESPONDER).filter(({ key }) => key !== undefined);
    assert.notEqual(settings.length, 0);
    for (const { key = "", default: otherwise, help, format } of settings) {
      const { type, default: value, description } = declared[key] ?? {};
      assert.deepEqual({ type, value, description }, { type: format.type, value: otherwise, description: help }, key);
    }
  });

  it("describe every key in whole sentences", () => {
    for (const [key, { description }] of Object.entries(declared)) assert.match(description ?? "", /^[A-Z].*\.$/s, key);
  });
});

describe("a new setting of the responder", () => {
  const fake = { variable: "FAKE", key: "responderFake", format: FLAG, default: false, help: "Whether it fakes." };
  const inner = { variable: "INNER", format: FLAG, default: false, help: "No key of the stack's." };

  afterEach(() => {
    pulumi.runtime.setAllConfig({});
  });

  it("is a key of the stack by its entry in the list alone, if it has one", async () => {
    const { project, config } = await readStack("dev", { responderFake: true });
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, project, "dev");
    pulumi.runtime.setAllConfig(config);
    const reader = new Reader();
    const values = reader.read(keysOf({ ...RESPONDER, fake, inner }));
    assert.deepEqual(reader.problems, []);
    assert.equal(values.fake satisfies boolean, true);
    assert.ok(!("inner" in values));
    assert.equal(values.dryRun, false);
  });
});
