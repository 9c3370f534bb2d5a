import assert from "node:assert/strict";
import { NotAllowed, type Format } from "../../../responder/formats.ts";
import * as formats from "../../../stack/config/formats.ts";

const LONGEST = "a".repeat(63);
const DIGEST = `sha256:${"a".repeat(64)}`;

/** Of each format, what it takes, as it is read, and what it refuses. */
const CASES: [name: string, format: Format<unknown>, taken: [unknown, unknown][], refused: unknown[]][] = [
  [
    "LABEL",
    formats.LABEL,
    [
      ["a", "a"],
      ["a-1", "a-1"],
      [LONGEST, LONGEST],
    ],
    ["", "1a", "a-", "A", "a.b", `${LONGEST}a`],
  ],
  [
    "OPTIONAL_OBJECT",
    formats.OPTIONAL_OBJECT,
    [
      ["", undefined],
      ["ns/name.x", { namespace: "ns", name: "name.x" }],
    ],
    ["name", "ns/", "/name", "a/b/c"],
  ],
  [
    "DURATION",
    formats.DURATION,
    [
      ["PT0S", "PT0S"],
      ["P1DT2H", "P1DT2H"],
    ],
    ["", "P", "PT", "1s", "PT1", "P1H"],
  ],
  ["TIME_LIMIT", formats.TIME_LIMIT, [["PT0.1S", "PT0.1S"]], ["PT0S", "P0D", "1s"]],
  [
    "ADDRESS_OR_FOLDER",
    formats.ADDRESS_OR_FOLDER,
    [
      ["", ""],
      ["./x", "./x"],
      ["https://a/b", "https://a/b"],
    ],
    ["ftp://a/b", "https://", "https://a:b@c/"],
  ],
  ["OPEN_URL", formats.OPEN_URL, [["https://a/b", "https://a/b"]], ["", "a", "https://b@c/", "https://a:b@c/"]],
  ["OBJECT_NAME", formats.OBJECT_NAME, [["a.b-1", "a.b-1"]], ["", "A", "-a", "a.", "a/b", "a".repeat(254)]],
  ["BROKER_CLASS", formats.BROKER_CLASS, [["Kafka", "Kafka"]], ["", " ", "RabbitMQBroker", " RabbitMQBroker "]],
  [
    "REGISTRY",
    formats.REGISTRY,
    [
      ["ghcr.io", "ghcr.io"],
      ["localhost:5000", "localhost:5000"],
    ],
    ["", "https://ghcr.io", "ghcr.io/acme", "ghcr.io:"],
  ],
  ["REPOSITORY", formats.REPOSITORY, [["acme/a_b-c.d", "acme/a_b-c.d"]], ["", "Acme", "a:1", "a//b", "a/"]],
  [
    "IMAGE",
    formats.IMAGE,
    [
      ["a:1", "a:1"],
      [`ghcr.io:443/a/b@${DIGEST}`, `ghcr.io:443/a/b@${DIGEST}`],
      [`a:1@${DIGEST}`, `a:1@${DIGEST}`],
    ],
    ["", "a", "ghcr.io/a/b", "ghcr.io:443/a", "a:", "a@sha256:0", "A:1"],
  ],
  ["VERSION", formats.VERSION, [["1.2.3-rc.1", "1.2.3-rc.1"]], ["", "v1.2.3", "1.2", "latest"]],
  [
    "QUANTITY",
    formats.QUANTITY,
    [
      ["100m", "100m"],
      ["0.5", "0.5"],
      ["1Gi", "1Gi"],
    ],
    ["", "0", "-1", "1x", "lots"],
  ],
  ["NOT_EMPTY", formats.NOT_EMPTY, [[" a ", " a "]], ["", " ", 1]],
  [
    "MAP",
    formats.MAP,
    [
      [{}, {}],
      [{ a: [1] }, { a: [1] }],
    ],
    [[], null, "a", undefined],
  ],
  ["one of a, b", formats.oneOf("a", "b"), [["b", "b"]], ["", "c", "a, b"]],
];

describe("the format", () => {
  for (const [name, format, taken, refused] of CASES) {
    it(`${name} takes what it allows, and refuses the rest with the value and what it takes`, () => {
      for (const [value, read] of taken) assert.deepEqual(format.read(value), read, JSON.stringify(value));
      for (const value of refused) {
        assert.throws(
          () => format.read(value),
          (error) => error instanceof NotAllowed && error.message.endsWith(`it takes ${format.allowed}`),
          JSON.stringify(value),
        );
      }
    });
  }
});

describe("a Kubernetes quantity's amount", () => {
  it("is in cores or bytes, so that two can be compared whatever their units", () => {
    assert.equal(formats.amountOf("1500m"), 1.5);
    assert.equal(formats.amountOf("1Gi"), 1024 * formats.amountOf("1Mi"));
    assert.equal(formats.amountOf("1G"), 1e9);
  });

  it("is none for anything else", () => {
    for (const text of ["", "1 Gi", "1gi", "Gi"]) assert.ok(Number.isNaN(formats.amountOf(text)), text);
  });
});
