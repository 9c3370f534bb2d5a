import assert from "node:assert/strict";
import type { Alert } from "../../../responder/alerts/alert.ts";
import { rulesFor } from "../../../responder/rules/answering.ts";
import { alert } from "../fixtures.ts";
import { answer, load } from "./answer.ts";

describe("a rules file in falco-talon's syntax", () => {
  describe("matches alerts", () => {
    const answering = (yaml: string, about: Alert) =>
      rulesFor(about, load(yaml))
        .map(({ name }) => name)
        .join();
    const rule = (name: string, more: string) =>
      `- rule: ${name}\n${more}  actions:\n    - action: Cordon\n      actionner: kubernetes:cordon\n`;

    it("by all that match has, together", () => {
      const yaml = rule(
        "Miner",
        `  description: >
    a miner
  match:
    rules:
      - Terminal shell in container
      - Another
    output_fields:
      - k8s.ns.name!=kube-system, k8s.ns.name!=falco
      - k8s.pod.name=web
    priority: ">=Notice"
    source: syscall
    tags:
      - network
      - container, shell
`,
      );
      assert.equal(answering(yaml, alert()), "Miner");
      const others: [Record<string, unknown>, Record<string, unknown>][] = [
        [{}, { rule: "Other" }],
        [{ "k8s.ns.name": "falco" }, {}],
        [{}, { priority: "Debug" }],
        [{}, { source: "k8s_audit" }],
        [{}, { tags: ["container"] }],
      ];
      for (const [fields, payload] of others)
        assert.equal(answering(yaml, alert(fields, payload)), "", JSON.stringify([fields, payload]));
      assert.equal(answering(yaml, alert({ "k8s.ns.name": "falco", "k8s.pod.name": "web" })), "Miner");
    });

    const priorities: [string, string[]][] = [
      ["Error", ["Error"]],
      ["=Error", ["Error"]],
      [">Error", ["Critical"]],
      [">=error", ["Critical", "Error"]],
      ["<Error", ["Warning"]],
      ["<=Error", ["Error", "Warning"]],
    ];
    for (const [priority, taken] of priorities) {
      it(`by priority ${priority}`, () => {
        const yaml = rule("R", `  match:\n    priority: "${priority}"\n`);
        assert.deepEqual(
          ["Critical", "Error", "Warning"].filter((one) => answering(yaml, alert({}, { priority: one })) !== ""),
          taken,
        );
      });
    }

    it("by several rules in order, until one says that none is to follow", () => {
      assert.equal(answering(rule("A", "") + rule("B", ""), alert()), "A,B", "continue is true where it isn't said");
      assert.equal(answering(rule("A", '  continue: "true"\n') + rule("B", ""), alert()), "A,B");
      assert.equal(answering(rule("A", '  continue: "false"\n') + rule("B", ""), alert()), "A");
      assert.equal(answering(rule("A", "  continue: false\n") + rule("B", ""), alert()), "A");
    });

    it("and does nothing where the rule runs dry", async () => {
      for (const flag of ["true", '"true"']) {
        const { calls, outcomes } = await answer(rule("A", `  dry_run: ${flag}\n`));
        assert.deepEqual(outcomes, ["Cordon: dry-run"]);
        assert.deepEqual(calls, []);
      }
    });
  });
});
