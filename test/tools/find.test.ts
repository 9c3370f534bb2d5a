import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { cached, cacheFolder } from "../../tools/cache.ts";
import { tool } from "../../tools/find.ts";
import { recipes, toolNames } from "../../tools/recipes.ts";

/** A `go` whose `go build -o FILE PACKAGE` writes a program to FILE at once. */
const go = `#!/bin/sh
[ -n "$GO_FAILS" ] && { echo "no required module provides package" >&2; exit 1; }
for argument; do [ "$previous" = -o ] && output="$argument"; previous="$argument"; done
echo built >> "$GO_LOG"
printf '#!/bin/sh\\necho built\\n' > "$output"
PATH=/usr/bin:/bin chmod +x "$output"
`;

describe("tool", () => {
  let folder: string;
  let environment: NodeJS.ProcessEnv;
  let lines: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tools-test-"));
    environment = { PATH: join(folder, "bin"), XDG_CACHE_HOME: join(folder, "cache"), GO_LOG: join(folder, "go.log") };
    lines = [];
    mkdirSync(join(folder, "bin"));
    mkdirSync(join(folder, "own"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function program(path: string, text: string): string {
    writeFileSync(join(folder, path), text);
    chmodSync(join(folder, path), 0o755);
    return join(folder, path);
  }

  const progress = (line: string): void => void lines.push(line);

  it("takes what an environment variable names, whatever is on the PATH", async () => {
    program("bin/pulumi", "#!/bin/sh\necho v3.1.0\n");
    const own = program("own/pulumi", "#!/bin/sh\necho v3.0.0-dev\n");
    assert.equal(await tool("pulumi", { environment: { ...environment, PULUMI_BIN: own }, progress }), own);
  });

  it("takes what is in KUBEBUILDER_ASSETS, and looks elsewhere for what is not", async () => {
    const etcd = program("own/etcd", "");
    const kwok = program("bin/kwok", "#!/bin/sh\necho kwok version v0.8.1 go1.26.0\n");
    environment["KUBEBUILDER_ASSETS"] = join(folder, "own");
    assert.equal(await tool("etcd", { environment, progress }), etcd);
    assert.equal(await tool("kwok", { environment, progress }), kwok);
  });

  it("says so when the variable names nothing that can be run", async () => {
    environment["PULUMI_BIN"] = join(folder, "missing");
    await assert.rejects(tool("pulumi", { environment, progress }), {
      name: "ToolError",
      message: /PULUMI_BIN is .*missing/,
    });
  });

  it("takes one on the PATH whose version will do", async () => {
    const pulumi = program("bin/pulumi", "#!/bin/sh\necho v3.200.0\n");
    assert.equal(await tool("pulumi", { environment, progress }), pulumi);
    assert.equal(existsSync(cacheFolder(environment)), false);
  });

  it("passes over one on the PATH whose version will not do, says why, and builds one", async () => {
    program("bin/go", go);
    program("bin/etcd", "#!/bin/sh\necho etcd Version: 3.4.2\n");
    const path = await tool("etcd", { environment, progress });
    assert.equal(path.startsWith(cacheFolder(environment)), true);
    assert.match(lines[0] ?? "", /etcd Version: 3\.4\.2.*3\.6 or 3\.7/);
  });

  it("builds once, keeps nothing half-built, and takes it from the cache after that", async () => {
    program("bin/go", go);
    const path = await tool("kwok", { environment, progress });
    assert.match(lines.join("\n"), /about 2 min/);
    assert.equal(await tool("kwok", { environment, progress }), path);
    assert.equal(readFileSync(join(folder, "go.log"), "utf8"), "built\n");
    assert.equal(readdirSync(cacheFolder(environment)).length, 1);
  });

  it("builds once for two who ask at a time", async () => {
    program("bin/go", go);
    const [one, other] = await Promise.all([
      tool("kwok", { environment, progress }),
      tool("kwok", { environment, progress }),
    ]);
    assert.equal(one, other);
    assert.equal(readFileSync(join(folder, "go.log"), "utf8"), "built\n");
  });

  it("clears away what a killed build left, and builds", async () => {
    program("bin/go", go);
    const target = await cached("kwok", recipes.kwok, environment);
    // above the highest process id there can be
    const dead = 2 ** 30;
    mkdirSync(`${target}.unfinished-${dead}`, { recursive: true });
    symlinkSync(String(dead), `${target}.lock`);
    assert.equal(await tool("kwok", { environment, progress }), join(target, "kwok"));
    assert.equal(readdirSync(cacheFolder(environment)).length, 1);
  });

  it("shows what Go says when a build fails, and leaves no trace of it", async () => {
    program("bin/go", go);
    environment["GO_FAILS"] = "yes";
    await assert.rejects(tool("kwok", { environment, progress }), {
      name: "ToolError",
      message: /no required module provides package/,
    });
    assert.deepEqual(readdirSync(cacheFolder(environment)), []);
  });

  it("says what to install where there is no Go", async () => {
    await assert.rejects(tool("pulumi", { environment, progress }), {
      name: "ToolError",
      message: /no `go` on the PATH[^]*Install Go 1\.26[^]*PULUMI_BIN/,
    });
  });

  it("has a recipe for each, with a version that its go.mod pins", () => {
    for (const name of toolNames) assert.match(recipes[name].version, /^v\d+\.\d+\.\d+$/, name);
  });
});
