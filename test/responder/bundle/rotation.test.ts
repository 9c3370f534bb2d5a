import assert from "node:assert/strict";
import { ALERT_KEY } from "../../support/alert-key.ts";
import { eventually } from "../../support/eventually.ts";
import { withBundle } from "../../support/with-bundle.ts";
import { ALERT_HEADERS, shellAlert } from "../fixtures.ts";

const NEW = "the-next-key-0123456789-abcdefghijklmnopqrs";

describe("the responder's bundle, while the key is changed,", function () {
  this.timeout(120_000);
  const running = withBundle();
  let count = 0;

  /** An alert that no rule answers, so that 204 is the answer to the key. */
  async function post(key: string): Promise<number> {
    const answer = await fetch(running.service.url, {
      method: "POST",
      headers: { ...ALERT_HEADERS, "ce-id": String(++count), "ce-alertkey": key },
      body: JSON.stringify(shellAlert({}, { rule: "Another", uuid: String(count) })),
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  it("loses no alert that flows, takes the new one, and the old one no longer when it is taken out", async () => {
    const answers = new Set<number>();
    const end = new AbortController();
    let sent = ALERT_KEY;
    const flow = (async () => {
      while (!end.signal.aborted) answers.add(await post(sent));
    })();
    running.setKeys([NEW, ALERT_KEY]);
    await eventually("the new key is taken", async () => (await post(NEW)) === 204);
    sent = NEW;
    const before = count;
    await eventually("alerts flow under the new key", () => Promise.resolve(count > before + 20));
    running.setKeys([NEW]);
    await eventually("the old key is refused", async () => (await post(ALERT_KEY)) === 403);
    end.abort();
    await flow;
    assert.deepEqual([...answers], [204]);
    assert.equal(await post(NEW), 204);
  });
});
