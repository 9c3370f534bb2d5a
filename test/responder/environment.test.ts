import assert from "node:assert/strict";
import { EnvironmentError, environmentOf, helpOf, readEnvironment } from "../../responder/environment.ts";
import { FLAG, HTTP_URL, integer, list, NAMESPACE, optional } from "../../responder/formats.ts";
import { DEAD_LETTER, RESPONDER, type Settings } from "../../responder/settings.ts";

const SETTINGS = {
  seconds: { variable: "SECONDS", format: integer(0, 3600), default: 60, help: "How long." },
  flag: { variable: "FLAG", format: FLAG, default: true, help: "Whether." },
  namespaces: { variable: "NAMESPACES", format: list(NAMESPACE), default: ["a"], help: "Which." },
  sink: { variable: "SINK", format: optional(HTTP_URL), help: "Where to." },
  target: { variable: "TARGET", format: HTTP_URL, help: "Where at last." },
} as const satisfies Settings;

const TARGET = "http://target/";
const DEFAULTS = { seconds: 60, flag: true, namespaces: ["a"], sink: undefined, target: TARGET };

describe("the environment", () => {
  const taken: [string, Record<string, string>, Record<string, unknown>][] = [
    ["nothing but what has no default", {}, {}],
    ["empty values", { SECONDS: "", FLAG: "", SINK: "" }, {}],
    ["numbers", { SECONDS: "0" }, { seconds: 0 }],
    ["the largest that is allowed", { SECONDS: "3600" }, { seconds: 3600 }],
    ["yes", { FLAG: "true" }, { flag: true }],
    ["no", { FLAG: "false" }, { flag: false }],
    ["an address", { SINK: "http://broker/x" }, { sink: "http://broker/x" }],
    ["a list", { NAMESPACES: "b, 3c,,kube-system" }, { namespaces: ["b", "3c", "kube-system"] }],
    ["an empty list, which is not its default", { NAMESPACES: "" }, { namespaces: [] }],
  ];
  for (const [what, environment, values] of taken) {
    it(`is read where it holds ${what}`, () => {
      assert.deepEqual(readEnvironment(SETTINGS, { TARGET, ...environment }), { ...DEFAULTS, ...values });
    });
  }

  const refused: [variable: string, values: string[], allowed: string][] = [
    ["SECONDS", ["1.5", "-1", "1m", "3601", "9999999999", "0x10", " 1"], "a whole number from 0 to 3600"],
    ["FLAG", ["yes", "1", "True"], "true or false"],
    ["SINK", ["broker", "ftp://broker/", "/x", "http://"], "empty, or an absolute http:// or https:// URL"],
    ["TARGET", ["", "target"], "an absolute http:// or https:// URL"],
  ];
  for (const [variable, values, allowed] of refused) {
    for (const value of values) {
      it(`is refused where ${variable} is "${value}", naming it, its value and what it takes`, () => {
        assert.throws(() => readEnvironment(SETTINGS, { TARGET, [variable]: value }), {
          name: "EnvironmentError",
          message: `${variable}: "${value}" is not allowed; it takes ${allowed}`,
        });
      });
    }
  }

  it("is refused where an item of a list is, naming the item", () => {
    assert.throws(
      () => readEnvironment(SETTINGS, { TARGET, NAMESPACES: "kube-system,Kube-Public" }),
      /^EnvironmentError: NAMESPACES: "Kube-Public" is not allowed; it takes a list, each item a Kubernetes name/,
    );
  });

  it("is refused for all that is wrong with it at once", () => {
    assert.throws(
      () => readEnvironment(SETTINGS, { SECONDS: "x", FLAG: "y" }),
      (error) => {
        assert.ok(error instanceof EnvironmentError);
        const variables = error.message.split("\n").map((line) => line.split(": ")[0]);
        assert.deepEqual(variables, ["SECONDS", "FLAG", "TARGET"]);
        return true;
      },
    );
  });

  it("is refused without showing the password in a URL", () => {
    assert.throws(() => readEnvironment(SETTINGS, { TARGET: "ftp://robot:geheim@target/" }), {
      message: 'TARGET: "ftp://…@target/" is not allowed; it takes an absolute http:// or https:// URL',
    });
  });

  it("is written so that it reads as what was written", () => {
    const values = { seconds: 0, flag: false, namespaces: [], sink: "http://broker/", target: TARGET };
    assert.deepEqual(readEnvironment(SETTINGS, environmentOf(SETTINGS, values)), values);
    const others = { ...values, seconds: 7, flag: true, namespaces: ["b", "c"], sink: undefined };
    assert.deepEqual(readEnvironment(SETTINGS, environmentOf(SETTINGS, others)), others);
  });

  it("has nothing written in it that isn't given", () => {
    assert.deepEqual(environmentOf(SETTINGS, { seconds: 5 }), { SECONDS: "5" });
  });

  it("takes a new setting for its entry in the list alone: written, read and helped with", () => {
    const fake = { variable: "FAKE", key: "responderFake", format: FLAG, default: false, help: "Whether it fakes." };
    const extended = { ...RESPONDER, fake } as const;
    const environment = environmentOf(extended, { fake: true });
    assert.deepEqual(environment, { FAKE: "true" });
    assert.equal(readEnvironment(extended, environment).fake satisfies boolean, true);
    assert.match(helpOf(extended), /^ {2}FAKE\n {6}Whether it fakes\. Takes true or false\. Not set: false\.$/m);
  });
});

describe("the help on the environment", () => {
  const settings: Settings = { ...RESPONDER, ...DEAD_LETTER };
  const help = helpOf(settings);

  it("names every variable, with what it is for, what it takes and what it is where it isn't set", () => {
    const running = help.replace(/\s+/g, " ");
    for (const { variable, help: words, format } of Object.values(settings)) {
      assert.match(help, new RegExp(`^ {2}${variable}$`, "m"));
      assert.ok(running.includes(`${variable} ${words}`), variable);
      assert.ok(running.includes(format.allowed), variable);
    }
    assert.match(running, /DEDUPLICATION_SECONDS .* Not set: 60\./);
  });

  it("fits a terminal of a hundred columns", () => {
    for (const line of help.split("\n")) assert.ok(line.length <= 101, line);
  });
});
