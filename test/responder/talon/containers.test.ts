import assert from "node:assert/strict";
import { alert } from "../fixtures.ts";
import { answer, command, doesWith, LOOK, READ, type Case } from "./answer.ts";

const logs = (tailLines: number) => ({ verb: "log", name: "app", body: { tailLines } });
const CASES: Case[] = [
  {
    what: "log with 20 lines by default",
    action: "\n  actionner: kubernetes:log\n",
    outcome: "done",
    calls: [READ, logs(20), LOOK],
  },
  {
    what: "log with all its parameters",
    action:
      "\n  actionner: kubernetes:log\n  parameters:\n    tail_lines: 200\n  output:\n    target: aws:s3\n    parameters:\n      bucket: evidence\n      prefix: /logs/\n",
    outcome: "done",
    calls: [READ, logs(200), LOOK],
  },
  {
    what: "exec with /bin/sh by default",
    action: "\n  actionner: kubernetes:exec\n  parameters:\n    command: ls /tmp\n",
    outcome: "done",
    calls: [READ, command("ls /tmp"), LOOK],
  },
  {
    what: "exec with all its parameters, the alert's fields and the context k8snode as variables",
    action:
      "\n  actionner: kubernetes:exec\n  additional_contexts:\n    - k8snode\n  parameters:\n    shell: /bin/bash\n    command: 'cp \"${FD_NAME}\" /quarantine/${NODE_HOSTNAME}'\n",
    about: alert({ "fd.name": "/tmp/miner" }),
    outcome: "done",
    calls: [
      READ,
      { verb: "get node", name: "node-1" },
      READ,
      command(
        "export FD_NAME='/tmp/miner'\nexport NODE_HOSTNAME='node-1.example.com'\ncp \"${FD_NAME}\" /quarantine/${NODE_HOSTNAME}",
        "/bin/bash",
      ),
      LOOK,
    ],
  },
  {
    what: "script with /bin/sh by default",
    action: "\n  actionner: kubernetes:script\n  parameters:\n    script: |\n      ps\n      cat ${PROC_EXEPATH}\n",
    about: alert({ "proc.exepath": "/bin/x" }),
    outcome: "done",
    calls: [READ, command("export PROC_EXEPATH='/bin/x'\nps\ncat ${PROC_EXEPATH}\n"), LOOK],
  },
  {
    what: "script with a file and a shell",
    action: "\n  actionner: kubernetes:script\n  parameters:\n    shell: /bin/bash\n    file: scripts/look.sh\n",
    outcome: "done",
    calls: [READ, command("ps\n", "/bin/bash"), LOOK],
  },
];

describe("a rules file in falco-talon's syntax does with the actionner", () => {
  doesWith(CASES);

  it("log what its output says: the Broker gets it with its target", async () => {
    const { outputs } = await answer(
      `
- rule: Answer
  actions:
    - action: Keep
      actionner: kubernetes:log
      output:
        target: minio:s3
        parameters:
          bucket: evidence
          prefix: /logs/
`,
      { log: () => "a\n" },
    );
    assert.deepEqual(
      outputs.map(({ action, output, target }) => ({ action, output, target })),
      [
        {
          action: "Keep",
          output: "a\n",
          target: { target: "minio:s3", parameters: { bucket: "evidence", prefix: "/logs/" } },
        },
      ],
    );
  });
});
