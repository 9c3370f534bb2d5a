import assert from "node:assert/strict";
import { runInContainer } from "../../../../responder/actions/pods/shell.ts";
import { alert, cluster, CONTAINER_ID, container, occasion, running } from "../../fixtures.ts";

const SHELL = { shell: "/bin/sh", timeout_seconds: 20 };
const APP = running(container("app", { containerID: CONTAINER_ID }));

describe("what is too large to run in a container", () => {
  it("is not run where the alert's values make it longer than a request can be", async () => {
    const on = cluster({ pod: () => APP });
    const about = alert({ "fd.name": "x".repeat(70_000) });
    assert.ok(about.named.pod);
    const result = await runInContainer(
      { ...occasion(on, about), pod: about.named.pod },
      "ls $FD_NAME",
      SHELL,
      "the command",
    );
    assert.equal(result.outcome, "failed");
    assert.match(result.message, /with the values of the alert that it uses it is longer than 65536 bytes$/);
    assert.ok(!on.calls.some(({ verb }) => verb === "exec"));
  });
});
