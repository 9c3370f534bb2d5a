import assert from "node:assert/strict";
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EnvironmentError } from "../../../responder/environment.ts";
import { refusedFor } from "../../../responder/receiver/authentication.ts";
import { KeyFile } from "../../../responder/receiver/key-file.ts";
import { quietly } from "../quietly.ts";

const [OLD, NEW] = ["old-key-0123456789-abcdef", "new-key-0123456789-abcdef"];

describe("the file of keys", () => {
  const logged = quietly();
  let folder: string;
  let now: number;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "response-engine-keys-"));
    now = 0;
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function write(text: string): void {
    writeFileSync(join(folder, "keys"), text);
  }

  function takes(file: KeyFile): string[] {
    return [OLD, NEW].filter((key) => refusedFor(key, file.digests()) === undefined);
  }

  it("has a key a line; one that is there twice is one", () => {
    write(`${OLD}\n\n  ${NEW}\n${OLD}\n`);
    const file = new KeyFile(folder);
    assert.deepEqual(takes(file), [OLD, NEW]);
    assert.equal(file.digests().length, 2);
  });

  it("is read again when it changes, so that a key is rotated without a restart and without a gap", () => {
    write(`${OLD}\n`);
    const file = new KeyFile(folder, () => now);
    assert.deepEqual(takes(file), [OLD]);
    const steps: [string, string[]][] = [
      [`${NEW}\n${OLD}\n`, [OLD, NEW]],
      [`${NEW}\n`, [NEW]],
    ];
    for (const [text, taken] of steps) {
      write(text);
      now += 1001;
      assert.deepEqual(takes(file), taken);
    }
  });

  it("leaves the keys that were read before where it can't be used any more, and says so once", () => {
    write(`${OLD}\n`);
    const file = new KeyFile(folder, () => now);
    for (const spoil of [
      () => {
        write("");
      },
      () => {
        write("short");
      },
      () => {
        unlinkSync(join(folder, "keys"));
      },
    ]) {
      spoil();
      now += 1001;
      assert.deepEqual(takes(file), [OLD]);
    }
    assert.equal(logged.length, 1);
    write(`${NEW}\n`);
    now += 1001;
    assert.deepEqual(takes(file), [NEW]);
  });

  const broken: [what: string, text: string | undefined, message: RegExp][] = [
    ["isn't there", undefined, /keys: it can't be read \(ENOENT\); the responder takes no alert without a key/],
    ["is empty", "\n \n", /keys: there is no key in it/],
    [
      "has a line that is no key",
      `${OLD}\nthe,secret,of,somebody\n`,
      /keys: line 2 can't be a key; it takes 16 to 512/,
    ],
  ];
  for (const [what, text, message] of broken) {
    it(`keeps the responder from starting where it ${what}, and shows no key`, () => {
      if (text !== undefined) write(text);
      assert.throws(
        () => new KeyFile(folder),
        (error) =>
          error instanceof EnvironmentError && message.test(error.message) && !error.message.includes("secret"),
      );
    });
  }
});
