import assert from "node:assert/strict";
import { alert } from "../fixtures.ts";
import { answer, command, OLD, type Answers } from "./answer.ts";

describe("a rules file in falco-talon's syntax", () => {
  describe("lets the next action of a rule run", () => {
    const actionners: [string, boolean, string?][] = [
      ["terminate", false],
      ["delete", false, "resources: [configmaps]"],
      ["networkpolicy", true],
      ["label", true, "labels: {a: b}"],
      ["log", true],
      ["exec", true, "command: ls"],
      ["script", true, "script: ls"],
      ["cordon", true],
      ["drain", true],
    ];
    const both = alert({
      "ka.target.resource": "configmaps",
      "ka.target.name": "exfil",
      "ka.target.namespace": "shop",
    });
    const ran = async (actionner: string, parameters = "", flags = "", answers: Answers = {}) => {
      const first = `{action: First, actionner: "kubernetes:${actionner}", parameters: {${parameters}}${flags}}`;
      const { outcomes } = await answer(
        `- rule: Answer\n  actions: [${first}, {action: Second, actionner: "kubernetes:cordon"}]\n`,
        { object: () => OLD("exfil-uid"), ...answers },
        both,
      );
      return outcomes.map((outcome) => outcome.slice(0, outcome.indexOf(":"))).join();
    };

    for (const [actionner, follows, parameters] of actionners) {
      it(`after kubernetes:${actionner}${follows ? " unless the file says otherwise" : " only where the file says so"}`, async () => {
        assert.equal(await ran(actionner, parameters), follows ? "First,Second" : "First");
        for (const yes of ["true", '"true"'])
          assert.equal(await ran(actionner, parameters, `, continue: ${yes}`), "First,Second");
        for (const no of ["false", '"false"'])
          assert.equal(await ran(actionner, parameters, `, continue: ${no}`), "First");
      });
    }

    it("after one that failed only with ignore_errors", async () => {
      const answers: Answers = { exec: () => ({ output: "", truncated: false, failure: "it ended with exit code 1" }) };
      assert.equal(await ran("exec", "command: ls", "", answers), "First");
      assert.equal(await ran("exec", "command: ls", ', ignore_errors: "false"', answers), "First");
      for (const yes of ["true", '"true"'])
        assert.equal(await ran("exec", "command: ls", `, ignore_errors: ${yes}`, answers), "First,Second");
    });
  });

  it("gives a named action's keys to the rules that use it, which may have their own", async () => {
    const { outcomes, calls } = await answer(
      `
- action: Look
  description: runs a command
  actionner: kubernetes:exec
  continue: "true"
  ignore_errors: "true"
  parameters:
    shell: /bin/bash
    command: ls /tmp
- rule: Answer
  actions:
    - action: Look
      parameters:
        command: ls /root
    - action: Cordon
      actionner: kubernetes:cordon
`,
      { exec: () => ({ output: "", truncated: false, failure: "it ended with exit code 2" }) },
    );
    assert.deepEqual(outcomes, ["Look: failed", "Cordon: done"]);
    assert.deepEqual(calls[1], command("ls /root", "/bin/bash"));
  });
});
