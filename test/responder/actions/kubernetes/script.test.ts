import assert from "node:assert/strict";
import { ParameterError } from "../../../../responder/actions/parameters.ts";
import { script } from "../../../../responder/actions/kubernetes/script.ts";
import { alert, cluster, CONTAINER_ID, container, running } from "../../fixtures.ts";

const TEXT = "set -eu\nps\nls -la /tmp\n";

async function ranBy(parameters: Record<string, unknown>, readFile?: (path: string) => string) {
  const on = cluster({ pod: () => running(container("app", { containerID: CONTAINER_ID })) });
  const result = await script.prepare(parameters, readFile).run({
    alert: alert({ "fd.name": "/etc/shadow" }),
    cluster: on,
    protection: () => undefined,
    context: new Map(),
  });
  assert.equal(result.outcome, "done");
  assert.equal(result.message, "ran the script in container app of pod default/alpine");
  return (on.calls.find(({ verb }) => verb === "exec")?.body as { command: unknown }).command;
}

function refusal(parameters: Record<string, unknown>, readFile?: (path: string) => string): string {
  try {
    script.prepare(parameters, readFile);
  } catch (error) {
    assert.ok(error instanceof ParameterError);
    return error.message;
  }
  assert.fail("the parameters were taken");
}

describe("kubernetes:script", () => {
  it("runs the script of the rules file, whole", async () => {
    assert.deepEqual(await ranBy({ script: TEXT }), ["/bin/sh", "-c", TEXT]);
  });

  it("runs a file's text, read when the rules are", async () => {
    const asked: string[] = [];
    const readFile = (path: string) => {
      asked.push(path);
      return TEXT;
    };
    assert.deepEqual(await ranBy({ file: "scripts/look.sh", shell: "/bin/bash" }, readFile), ["/bin/bash", "-c", TEXT]);
    assert.deepEqual(asked, ["scripts/look.sh"]);
  });

  it("sets the variables that the script or the file uses", async () => {
    const wanted = ["/bin/sh", "-c", "export FD_NAME='/etc/shadow'\ncat ${FD_NAME}"];
    assert.deepEqual(await ranBy({ script: "cat ${FD_NAME}" }), wanted);
    assert.deepEqual(await ranBy({ file: "cat.sh" }, () => "cat ${FD_NAME}"), wanted);
  });

  it("refuses both script and file, and none of them", () => {
    const message = "parameters: one of script and file is to be given";
    assert.equal(
      refusal({ script: "ls", file: "look.sh" }, () => TEXT),
      message,
    );
    assert.equal(refusal({}), message);
    assert.equal(
      refusal({ file: "empty.sh" }, () => ""),
      message,
    );
  });

  it("refuses a file that can't be read, with its path and the reason", () => {
    const missing = () => {
      throw new Error("ENOENT: no such file");
    };
    assert.equal(
      refusal({ file: "look.sh" }, missing),
      'parameters.file: "look.sh" can\'t be read: ENOENT: no such file',
    );
    assert.match(
      refusal({ file: 3 }, () => TEXT),
      /^parameters.file: 3 is not allowed; it takes a path/,
    );
  });

  it("refuses a script that is longer than a request can carry, counted in bytes", () => {
    const longest = "ä".repeat(16 * 1024);
    assert.ok(script.prepare({ script: longest }));
    const message = "parameters: a script has up to 32768 bytes";
    assert.equal(refusal({ script: `${longest}.` }), message);
    assert.equal(
      refusal({ file: "long.sh" }, () => `${longest}.`),
      message,
    );
  });
});
