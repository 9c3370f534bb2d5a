import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { eventually } from "./eventually.ts";
import { Processes } from "./processes.ts";

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("the processes of the cluster suite", () => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
    it(`are gone, and their folder, after ${signal} to the one that started them`, async function () {
      this.timeout(20_000);
      const program = `
        import { Processes } from ${JSON.stringify(join(import.meta.dirname, "processes.ts"))};
        const processes = new Processes("processes-test");
        processes.start("shell", "sh", ["-c", "echo $$; echo $$ > pid; exec sleep 600"]);
        console.log(processes.folder);
      `;
      const owner = spawn(process.execPath, ["--input-type=module-typescript", "--eval", program], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [output] = (await once(owner.stdout, "data")) as [Buffer];
      const folder = output.toString().trim();
      const pid = await eventually(
        "it has started",
        async () => Number(await readFile(join(folder, "pid"), "utf8").catch(() => "")) || undefined,
      );
      assert.equal(alive(pid), true);

      owner.kill(signal);
      await eventually("its process is gone", () => Promise.resolve(!alive(pid)));
      await eventually("its folder is gone", () => Promise.resolve(!existsSync(folder)));
    });
  }

  it("tell which one has ended, and its last words", async () => {
    const processes = new Processes("processes-test");
    try {
      processes.start("broken", "sh", ["-c", "echo cannot listen; exit 3"]);
      const error = await eventually("it has ended", () => {
        try {
          processes.check();
          return Promise.resolve(undefined);
        } catch (thrown) {
          return Promise.resolve(thrown as Error);
        }
      });
      assert.match(error.message, /^broken ended \(exit code 3\)[^]*cannot listen$/);
    } finally {
      await processes.stop();
    }
    assert.equal(existsSync(processes.folder), false);
  });

  it("say which program is missing", async () => {
    const processes = new Processes("processes-test");
    try {
      processes.start("absent", join(processes.folder, "absent"), []);
      await assert.rejects(
        eventually("it has failed", () => {
          processes.check();
          return Promise.resolve(undefined);
        }),
        /absent.*ENOENT/,
      );
    } finally {
      await processes.stop();
    }
  });
});
