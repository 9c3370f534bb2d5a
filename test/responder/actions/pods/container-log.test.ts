import assert from "node:assert/strict";
import { containerLog } from "../../../../responder/actions/pods/container-log.ts";
import { ApiError } from "../../../../responder/kubernetes/errors.ts";
import { apiError, cluster } from "../../fixtures.ts";

const REQUEST = { namespace: "default", pod: "alpine", container: "app", tailLines: 20, limit: 1024 };
const of = (log: () => string, limit = 1024) => containerLog(cluster({ log }), { ...REQUEST, limit });
const failing = (error: Error) => () => {
  throw error;
};

describe("a container's log", () => {
  it("is its end, as much as is kept, from a whole character on", async () => {
    assert.deepEqual(await of(() => "a\nb\n"), { text: "a\nb\n", truncated: false });
    assert.deepEqual(await of(() => "é".repeat(10), 5), { text: "éé", truncated: true });
  });

  it("has nothing in it that a terminal would obey", async () => {
    assert.deepEqual(await of(() => "\u001b[31mred\u001b[0m \u001b]0;title\u0007\u0000\u0008x\tx\r\n"), {
      text: "red x\tx\n",
      truncated: false,
    });
  });

  for (const hostile of ["\u001b]a;", "\u001b[", "\u001bP", "\u001b", "\u001b[0;0;", "\u0007", "\r"]) {
    it(`is cleaned in linear time of ${JSON.stringify(hostile)} again and again`, async () => {
      const spent = async (length: number) => {
        const text = hostile.repeat(length / hostile.length);
        const before = process.cpuUsage();
        await of(() => text, text.length);
        const { user, system } = process.cpuUsage(before);
        return (user + system) / 1000;
      };
      await spent(64 * 1024);
      // by the square, half a MiB took a minute; linear, it takes milliseconds
      assert.ok((await spent(512 * 1024)) < 20_000);
    });
  }

  it("is a reason where the container has none yet, as the API words it", async () => {
    const waiting = apiError(400, 'container "app" is waiting to start');
    assert.deepEqual(await of(failing(waiting)), { reason: 'container "app" is waiting to start' });
  });

  it("is passed on where the API refuses it or can't give it, and where a proxy says 400", async () => {
    const proxy = new ApiError("not-kubernetes", "HTTP status 400", { code: 400 });
    for (const error of [apiError(403, "no"), apiError(404, "gone"), apiError(500, "down"), proxy])
      await assert.rejects(of(failing(error)), (thrown) => thrown === error);
  });
});
