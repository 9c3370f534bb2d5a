import assert from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "yaml";
import { KEYS } from "../../../responder/rules/entries.ts";
import { LIMITS } from "../../../responder/rules/limits.ts";
import { loadRules, RulesError } from "../../../responder/rules/load.ts";
import { ACTIONNERS } from "../../../responder/actions/catalogue.ts";

/** The most that a message may have: a line per problem, and one with the number of the others. */
const LONGEST = (LIMITS.problems + 1) * (LIMITS.problemBytes + 100);

/** What is said of a file that is refused; "" of one that is taken. */
function told(text: string, skipBroken = false): string {
  const warnings: string[] = [];
  try {
    loadRules([{ name: "r.yaml", text }], { skipBroken, timeoutSeconds: 60, onWarning: (one) => warnings.push(one) });
  } catch (error) {
    if (!(error instanceof RulesError)) throw error;
    assert.ok(Buffer.byteLength(error.message) <= LONGEST, `${error.message.length} characters`);
    assert.doesNotMatch(error.message.replaceAll("\n", ""), /[\p{Cc}\u2028\u2029]/u);
    return error.message;
  }
  assert.ok(warnings.length <= LIMITS.warnings + 1);
  for (const warning of warnings) assert.ok(Buffer.byteLength(warning) <= LIMITS.problemBytes + 100);
  return "";
}

/** As much of a text, again and again, as rules files may hold. */
const full = (text: string, head = "", tail = "") =>
  head + text.repeat(Math.floor((LIMITS.bytes - head.length - tail.length) / text.length)) + tail;
const ACTIONS = "  actions: [{action: T, actionner: 'kubernetes:terminate'}]\n";
const field = (text: string, tail: string) =>
  full(text, "- rule: R\n  match: {output_fields: ['a=", `${tail}']}\n${ACTIONS}`);

/** Each in a list that grows by references to what is before it. */
const grown = (step: (index: number) => string, count: number) =>
  Array.from({ length: count }, (_, i) => step(i)).join("");

const FILES: [string, string, RegExp][] = [
  ["is nested deeply in brackets", full("["), /^line 1 of r.yaml: nested more than 64 deep$/],
  ["is nested deeply in lines", full("- "), /^line 1 of r.yaml: nested more than 64 deep$/],
  [
    "is nested a little too deeply",
    `- a: 1\n- b: ${"[".repeat(70)}${"]".repeat(70)}`,
    /^line 2 of r.yaml, entry 2: nested more than 64 deep$/,
  ],
  [
    "holds a billion laughs",
    `- rule: &a0 [x, x]\n${grown((i) => `- rule: &a${i + 1} [*a${i}, *a${i}]\n`, 60)}`,
    /^line \d+ of r.yaml, entry \d+: aliases and named actions stand for more than 8388608/,
  ],
  [
    "merges a map into itself again and again",
    `- &m0 {a: 1}\n${grown((i) => `- &m${i + 1} {<<: [*m${i}, *m${i}], k${i}: 1}\n`, 60)}`,
    /^line \d+ of r.yaml, entry \d+: aliases and named actions stand for more/,
  ],
  [
    "uses a long action very often",
    `- action: A\n  actionner: kubernetes:exec\n  parameters: {command: ${"x".repeat(500_000)}}\n${grown((i) => `- rule: R${i}\n  actions: [{action: A}]\n`, 10_000)}`,
    /^line 36 of r.yaml, entry 18 \(rule "R16"\): aliases and named actions stand for more/,
  ],
  [
    "has 150,000 broken entries",
    "- x\n".repeat(150_000),
    /^(line \d+ of r.yaml, entry \d+: not an entry.*\n){20}… and 149980 more$/,
  ],
  ["has as many aliases to nothing as fit", full("- *a\n"), /^line 1 of r.yaml, entry 1: \*a refers to nothing/],
  [
    "has one name as often as fits",
    full("- rule: R\n"),
    /^line \d+ of r.yaml, entry \d+ \(rule "R"\): actions: is missing/,
  ],
  ["has one key as often as fits", full("  a: 1\n", "- rule: R\n"), /the key "a" stands twice \(line 3\)\n/],
  ["is brackets that close nothing", full("]"), /^line 1 of r.yaml: not YAML: /],
  ["is commas", `- [${",".repeat(100_000)}`, /^line 1 of r.yaml: not YAML: /],
  ["is maps with nothing between them", full("{}"), /^line 1 of r.yaml: not YAML: /],
  ["is documents", full("---\n"), /^r.yaml: no rule in it; add/],
  ["is longer than a ConfigMap", `${full("#")}##`, /^r.yaml: 104857\d bytes are too many; .* 1048576 together/],
  ["has a value that never ends its quotes", field(" ", '"'), /output_fields: .* is not a condition/],
  ["has a value of many quotes", field('"b"', ""), /^$/],
  ["has a name that is all the file", full("x", "- rule: "), /the name "x+…? is not allowed; it takes up to 256 bytes/],
];

/** A key, which is one that is read more often than not. */
const key = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(...KEYS.rule, ...KEYS.action, "rules", "priority", "tags", "output_fields", "source"),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...ACTIONNERS.flatMap(({ parameters }) => Object.keys(parameters)), "target"),
  },
  { weight: 1, arbitrary: fc.oneof(fc.constantFrom("__proto__", "constructor", "<<", "toString"), fc.string()) },
);
const scalar = fc.oneof(
  fc.constantFrom(...ACTIONNERS.map(({ name }) => name), "k8snode", ">= Error", 'a="b,c"', "a[b]!=c", "true", "", "x"),
  fc.oneof(fc.string({ unit: "binary" }), fc.double(), fc.integer(), fc.boolean(), fc.constant(null)),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 6 }),
  ),
}));
/** An entry that would do, but for some of its keys. */
const entry = fc
  .tuple(
    fc.constantFrom("rule", "action"),
    fc.constantFrom("A", "B"),
    fc.constantFrom(...ACTIONNERS.map(({ name }) => name)),
    fc.dictionary(key, value, { maxKeys: 4 }),
    value,
  )
  .map(([kind, name, actionner, more, parameters]) => ({
    [kind]: name,
    ...(kind === "rule"
      ? { actions: [{ action: "A" }, { action: "C", actionner, parameters }] }
      : { actionner, parameters }),
    ...more,
  }));

describe("a rules file that is meant to hurt", () => {
  for (const [what, text, message] of FILES) {
    it(`${what}: is read to its end within bounds`, function () {
      // what takes the square of its length takes hours
      this.timeout(60_000);
      assert.match(told(text), message);
    });
  }

  it("is refused with a message within bounds, or taken, whatever its entries' keys and values are", function () {
    this.timeout(60_000);
    const items = fc.array(fc.oneof({ weight: 4, arbitrary: entry }, { weight: 1, arbitrary: value }), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(items, fc.constantFrom(stringify, JSON.stringify), fc.boolean(), (list, write, skipBroken) => {
        told(write(list), skipBroken);
      }),
      { numRuns: 500 },
    );
  });

  it("is refused or taken whatever its text is", function () {
    this.timeout(60_000);
    const piece = fc.constantFrom(
      ..."-[]{}:,#&*!|>'\"%@`?~\n\t\r \\",
      "- rule: R\n",
      ACTIONS,
      "<<: *a",
      "&a ",
      "---\n",
      "\0",
      "\ud800",
    );
    const text = fc.array(fc.oneof(piece, fc.string({ unit: "binary", maxLength: 5 })), { maxLength: 40 });
    fc.assert(
      fc.property(text, fc.boolean(), (pieces, skipBroken) => {
        told(pieces.join(""), skipBroken);
      }),
      { numRuns: 2000 },
    );
  });
});
