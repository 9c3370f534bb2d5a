import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assignments, variablesOf } from "../../../responder/actions/variables.ts";
import { alert } from "../fixtures.ts";

describe("the variables of a command", () => {
  const names: [string, string][] = [
    ["fd.name", "FD_NAME"],
    ["k8s.ns.name", "K8S_NS_NAME"],
    ["proc.aname[2]", "PROC_ANAME_2"],
    ["ka.req.pod.containers.image", "KA_REQ_POD_CONTAINERS_IMAGE"],
  ];
  for (const [field, name] of names) {
    it(`have the output field ${field} as ${name}`, () => {
      assert.equal(variablesOf(alert({ [field]: "value" }), new Map()).get(name), "value");
    });
  }

  it("have the alert's own values", () => {
    const variables = variablesOf(alert(), new Map());
    assert.equal(variables.get("PRIORITY"), "Notice");
    assert.equal(variables.get("HOSTNAME"), "node-1");
    assert.equal(variables.get("RULE"), "Terminal shell in container");
    assert.equal(variables.get("SOURCE"), "syscall");
    assert.equal(variables.get("TAGS"), "container,shell");
    assert.equal(variablesOf(alert({}, { hostname: undefined }), new Map()).get("HOSTNAME"), "");
  });

  it("have what the context says", () => {
    assert.equal(
      variablesOf(alert(), new Map([["node.hostname", "node-1.example.com"]])).get("NODE_HOSTNAME"),
      "node-1.example.com",
    );
  });

  it("let no output field pass for one of the alert's own values", () => {
    assert.equal(
      variablesOf(alert({ rule: "another", Priority: "Debug" }), new Map()).get("RULE"),
      "Terminal shell in container",
    );
    assert.equal(variablesOf(alert({ rule: "another", Priority: "Debug" }), new Map()).get("PRIORITY"), "Notice");
  });
});

describe("a variable's assignment", () => {
  const variables = new Map([
    ["FD_NAME", "/tmp/x"],
    ["FD_NUM", "3"],
    ["RULE", "Shell"],
  ]);

  it("is there for what the text uses, with braces or without, and for nothing else", () => {
    assert.equal(assignments("ls $FD_NAME", variables), "export FD_NAME='/tmp/x'\n");
    assert.equal(
      assignments('ls "${FD_NAME:-none}" ${RULE}', variables),
      "export FD_NAME='/tmp/x'\nexport RULE='Shell'\n",
    );
    assert.equal(assignments("echo FD_NAME $FD_NAMES $HOME", variables), "");
  });

  describe("run by a shell", () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "variables-"));
    });
    afterEach(() => {
      rmSync(folder, { recursive: true });
    });

    const values = [
      "'; rm -rf / #$(x)",
      "'; touch made; '",
      "$(touch made) `touch made` ${HOME} \\$HOME \\",
      '"; touch made; "',
      "'\\''",
      "a\nb && touch made\n",
      "-n --help *  ~ ! & | > made",
      "ärger 🦊 \t",
      "",
    ];
    for (const value of values) {
      it(`keeps ${JSON.stringify(value)} as it is, and does nothing of it`, () => {
        const text = 'printf \'%s.\' "$FD_NAME"; printf %s "${RULE}"';
        const lines = assignments(text, variablesOf(alert({ "fd.name": value }, { rule: value || "R" }), new Map()));
        const printed = execFileSync("/bin/sh", ["-c", lines + text], {
          cwd: folder,
          encoding: "utf8",
          stdio: ["ignore", "pipe", "inherit"],
        });
        assert.equal(printed, `${value}.${value || "R"}`);
        assert.deepEqual(readdirSync(folder), []);
      });
    }

    it("has no NUL, which no command can hold", () => {
      const lines = assignments("$FD_NAME", variablesOf(alert({ "fd.name": "a\0b" }), new Map()));
      assert.equal(lines, "export FD_NAME='ab'\n");
    });

    it("is not a command by the name of its field either", () => {
      const field = "x; touch made #";
      const text = 'printf %s "$X__TOUCH_MADE__"';
      const lines = assignments(text, variablesOf(alert({ [field]: "value" }), new Map()));
      assert.equal(execFileSync("/bin/sh", ["-c", lines + text], { cwd: folder, encoding: "utf8" }), "value");
      assert.deepEqual(readdirSync(folder), []);
    });
  });
});
