import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { CHECKSUMS, sha256 } from "../../../stack/knative/checksums.ts";
import { loadKnative } from "../../../stack/knative/manifests.ts";

const FILES = ["serving-core", "kourier", "eventing-core", "in-memory-channel", "mt-channel-broker"];
const RELEASED = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" } });
const version = "1.23.0";
const SUMS = { [version]: Object.fromEntries(FILES.map((file) => [file, sha256(Buffer.from(RELEASED))])) };

describe("a release's files from GitHub", () => {
  const { fetch } = globalThis;
  let answers: Record<string, string>;
  let asked: number;

  beforeEach(() => {
    answers = {};
    asked = 0;
    globalThis.fetch = (input) => {
      asked += 1;
      const file = /([-a-z]+)\.yaml$/.exec(new Request(input).url)?.[1] ?? "";
      return Promise.resolve(new Response(answers[file] ?? RELEASED));
    };
  });
  afterEach(() => {
    globalThis.fetch = fetch;
  });

  async function complaint(wanted: string): Promise<string> {
    try {
      await loadKnative({ version: wanted, manifests: "" }, SUMS);
    } catch (error) {
      assert.ok(pulumi.RunError.isInstance(error), "an error that Pulumi prints without a stack trace");
      return error.message;
    }
    return assert.fail("no error");
  }

  it("are taken where they have the sums that the repository says", async () => {
    const { serving, eventing } = await loadKnative({ version, manifests: "" }, SUMS);
    assert.equal(serving.length + eventing.length, FILES.length);
  });

  it("are refused, whichever it is, where one byte is another, with the file and both sums", async () => {
    for (const file of FILES) {
      answers = { [file]: `${RELEASED} ` };
      const message = await complaint(version);
      assert.ok(message.includes(`https://github.com/`) && message.includes(`/${file}.yaml is not the one`), message);
      for (const sum of [sha256(Buffer.from(RELEASED)), sha256(Buffer.from(`${RELEASED} `))]) {
        assert.ok(message.includes(sum), message);
      }
    }
  });

  it("aren't asked for where their sums aren't known, and what is known is said", async () => {
    const message = await complaint("1.24.0");
    assert.match(message, /^knative:version is 1\.24\.0, .* 1\.23\.0 alone\n.*knative:manifests/);
    assert.equal(asked, 0);
  });

  it("may be any in a folder that the stack names, as images may be other ones there", async () => {
    const folder = await mkdtemp(join(tmpdir(), "manifests-"));
    try {
      for (const file of FILES) await writeFile(join(folder, `${file}.yaml`), `${RELEASED}\n`);
      await loadKnative({ version: "1.24.0", manifests: folder }, SUMS);
      assert.equal(asked, 0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("the checksums in the repository", () => {
  it("are those of every file of each release, the default one among them", async () => {
    const { config } = parse(await readFile(new URL("../../../Pulumi.yaml", import.meta.url), "utf8")) as {
      config: Record<string, { value: string; description: string }>;
    };
    const { value, description } = config["knative:version"] ?? { value: "", description: "" };
    assert.ok(value in CHECKSUMS, value);
    for (const [release, sums] of Object.entries(CHECKSUMS)) {
      assert.deepEqual(Object.keys(sums).sort(), [...FILES].sort(), release);
      for (const sum of Object.values(sums)) assert.match(sum, /^[0-9a-f]{64}$/);
      assert.ok(description.includes(release), `the key's description names ${release}`);
    }
  });

  it("are those of the released files", async function () {
    const folder =
      process.env["KNATIVE_MANIFESTS"] ?? resolve(import.meta.dirname, "../../../../shared/knative/1.23.0");
    if (!existsSync(folder)) {
      console.log(`    left out: no release manifests in ${folder}; set KNATIVE_MANIFESTS to a folder that holds them`);
      this.skip();
    }
    for (const file of FILES) {
      assert.equal(sha256(await readFile(join(folder, `${file}.yaml`))), CHECKSUMS["1.23.0"]?.[file], file);
    }
  });
});
