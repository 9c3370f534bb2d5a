import assert from "node:assert/strict";
import { apiError, cluster } from "../fixtures.ts";
import { APP, responseOf, verbs, type FakeCluster } from "./given.ts";

describe("an action's additional contexts", () => {
  const exec = (more: string) =>
    `- rule: R\n  actions: [{action: E, actionner: "kubernetes:exec", parameters: {command: 'echo "\${NODE_HOSTNAME}"'}${more}}]`;
  const node = () => ({ metadata: { labels: { "kubernetes.io/hostname": "node-1.example.com" } } });
  const commandOf = (on: FakeCluster) =>
    (on.calls.find(({ verb }) => verb === "exec")?.body as { command: string[] } | undefined)?.command[2];

  it("are read for it and given to it", async () => {
    const on = cluster({ pod: APP, node });
    await responseOf(on, exec(", additional_contexts: [k8snode]"));
    assert.equal(commandOf(on), "export NODE_HOSTNAME='node-1.example.com'\necho \"${NODE_HOSTNAME}\"");
  });

  it("are not read where it asks for none, or does nothing", async () => {
    const on = cluster({ pod: APP, node });
    await responseOf(on, exec(""));
    assert.equal(commandOf(on), 'echo "${NODE_HOSTNAME}"');
    await responseOf(on, `${exec(", additional_contexts: [k8snode]")}\n  dry_run: true`);
    assert.ok(!verbs(on).includes("get node"));
  });

  it("that the API refuses make the action fail", async () => {
    const on = cluster({
      pod: APP,
      node: () => {
        throw apiError(403, "no nodes for you");
      },
    });
    const { outcome, response } = await responseOf(on, exec(", additional_contexts: [k8snode]"));
    assert.equal(outcome, "failed");
    assert.match(response.output, /kubernetes:exec was refused by the API: no nodes for you/);
    assert.equal(commandOf(on), undefined);
  });
});
