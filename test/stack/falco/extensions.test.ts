import assert from "node:assert/strict";
import { StackError } from "../../../stack/stack-error.ts";
import { readSidekick } from "../../../stack/falco/extensions.ts";
import { mockEngine, settled } from "../responder/mocks.ts";

function values(config: Record<string, unknown>, more: Record<string, unknown> = {}) {
  return { falcosidekick: { config, ...more }, driver: { kind: "kmod" } };
}

describe("what a stack's own values say of falcosidekick's environment", () => {
  before(mockEngine);

  it("is left as it is where they say nothing of it", async () => {
    const own = { driver: { kind: "kmod" }, falcosidekick: { webui: { enabled: false } } };
    const { extensions, env, values: left } = readSidekick(own);
    assert.deepEqual([await settled(extensions), env, left], [[], undefined, own]);
  });

  it("is taken apart: further extensions, further variables, and the rest", async () => {
    const slack = { webhookurl: "https://hooks.example.com/x" };
    const extraEnv = [
      { name: "HTTPS_PROXY", value: "http://proxy:3128" },
      { name: "CLOUDEVENTS_EXTENSIONS", value: "cluster:blue, team:sec" },
    ];
    const { extensions, env, values: left } = readSidekick(values({ slack, extraEnv }));
    assert.deepEqual(await settled(extensions), ["cluster:blue", "team:sec"]);
    assert.ok(env);
    assert.deepEqual(await settled(env), [{ name: "HTTPS_PROXY", value: "http://proxy:3128" }]);
    assert.deepEqual(left, values({ slack }));
  });

  const from = { name: "CLOUDEVENTS_EXTENSIONS", valueFrom: { secretKeyRef: { name: "mine", key: "ext" } } };
  const refused: [what: string, own: Record<string, unknown>, message: RegExp][] = [
    ["a list that is none", values({ extraEnv: { name: "A" } }), /config\.extraEnv: a list is needed there/],
    [
      "the variable from elsewhere",
      values({ extraEnv: [from] }),
      /CLOUDEVENTS_EXTENSIONS is taken from elsewhere.*as a value/,
    ],
    ["a key of their own", values({ extraEnv: [{ ...from, value: "AlertKey:x" }] }), /name it in alertKeys instead/],
    [
      "what falcosidekick wouldn't take",
      values({ extraEnv: [{ ...from, value: "url:http://x" }] }),
      /isn't NAME:VALUE/,
    ],
    ["no configuration", { falcosidekick: { config: null } }, /falcosidekick\.config: a map is needed/],
    ["no falcosidekick", { falcosidekick: false }, /falcoValues\.falcosidekick: a map is needed/],
    ["no annotations", values({}, { podAnnotations: [] }), /podAnnotations: a map is needed/],
    [
      "the key's annotation",
      values({}, { podAnnotations: { "response-engine.io/alert-key": "x" } }),
      /the program's own/,
    ],
  ];
  for (const [what, own, message] of refused) {
    it(`is refused with ${what}, and with what to write instead`, () => {
      assert.throws(
        () => readSidekick(own),
        (error) => error instanceof StackError && message.test(error.message) && /^Change it/m.test(error.message),
      );
    });
  }

  it("shows none of the values in a refusal", () => {
    const extraEnv = [{ name: "CLOUDEVENTS_EXTENSIONS", value: "token:se:cret" }];
    assert.throws(
      () => readSidekick(values({ extraEnv })),
      ({ message }: Error) => !message.includes("cret"),
    );
  });
});
