import assert from "node:assert/strict";
import { ParameterError } from "../../../../responder/actions/parameters.ts";
import { exec } from "../../../../responder/actions/kubernetes/exec.ts";
import { alert, cluster, CONTAINER_ID, container, running } from "../../fixtures.ts";

async function run(
  on: ReturnType<typeof cluster>,
  parameters: Record<string, unknown>,
  fields: Record<string, unknown> = {},
) {
  const context = new Map([["node.hostname", "node-1.example.com"]]);
  return await exec
    .prepare(parameters)
    .run({ alert: alert(fields), cluster: on, protection: () => undefined, context });
}

const onAlpine = (output = "") =>
  cluster({
    pod: () => running(container("app", { containerID: CONTAINER_ID })),
    exec: () => ({ output, truncated: false }),
  });

function commandOf(on: ReturnType<typeof cluster>): unknown {
  return (on.calls.find(({ verb }) => verb === "exec")?.body as { command: unknown } | undefined)?.command;
}

describe("kubernetes:exec", () => {
  it("runs the command in the container and keeps what it prints", async () => {
    const on = onAlpine("root\n");
    assert.deepEqual(await run(on, { command: "id -un" }), {
      outcome: "done",
      message: "ran the command in container app of pod default/alpine",
      output: { mediaType: "text/plain", text: "root\n", truncated: false },
    });
    assert.deepEqual(commandOf(on), ["/bin/sh", "-c", "id -un"]);
  });

  it("sets the variables that the command uses, the alert's and the context's, before it", async () => {
    const on = onAlpine();
    await run(
      on,
      { command: 'ls "${FD_NAME}"; echo $RULE $NODE_HOSTNAME' },
      { "fd.name": "/tmp/it's", "proc.name": "sh" },
    );
    assert.deepEqual(commandOf(on), [
      "/bin/sh",
      "-c",
      `export FD_NAME='/tmp/it'\\''s'\nexport NODE_HOSTNAME='node-1.example.com'\nexport RULE='Terminal shell in container'\nls "\${FD_NAME}"; echo $RULE $NODE_HOSTNAME`,
    ]);
  });

  const refused: [string, Record<string, unknown>, RegExp][] = [
    ["no command", {}, /^parameters.command: is missing; it takes a shell's command$/],
    ["an empty command", { command: "" }, /^parameters.command: "" is not allowed/],
    [
      "a shell that is no absolute path",
      { command: "ls", shell: "bash" },
      /^parameters.shell: "bash" is not allowed; it takes an absolute path$/,
    ],
    [
      "no time at all",
      { command: "ls", timeout_seconds: 0 },
      /^parameters.timeout_seconds: 0 is not allowed; it takes a whole number of seconds, 1 or more$/,
    ],
  ];
  for (const [what, parameters, message] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => exec.prepare(parameters),
        (error) => error instanceof ParameterError && message.test(error.message),
      );
    });
  }

  it("needs to read the pod and to run commands in it, by either verb that the API may ask for", () => {
    assert.deepEqual(exec.prepare({ command: "ls" }).permissions, [
      { apiGroup: "", resource: "pods", verbs: ["get"] },
      { apiGroup: "", resource: "pods/exec", verbs: ["create", "get"] },
    ]);
  });
});
