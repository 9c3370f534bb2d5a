import assert from "node:assert/strict";
import {
  isContainerId,
  isContainerName,
  isLabelKey,
  isLabelValue,
  isNamespace,
  isObjectName,
  isPathSegment,
  isUid,
} from "../../responder/names.ts";

const HOSTILE = ["..", ".", "a/b", "/", "%2e%2e", "a%", "a?b", "a#b", "a\\b", "a\0", "a\n", "\n", " a", "ä", "\u202ea"];
const kinds: [string, (text: string) => boolean, string[], string[]][] = [
  [
    "a namespace",
    isNamespace,
    ["a", "3scale", "kube-system", "x".repeat(63)],
    ["", "A", "a.b", "-a", "a-", "x".repeat(64)],
  ],
  ["a container", isContainerName, ["app", "0"], ["", "App", "a_b", "x".repeat(64)]],
  [
    "an object",
    isObjectName,
    ["a", "web-0", "node-1.example.com", "10.0.0.1", "x".repeat(253)],
    ["", "A", "a..b", ".a", "a.", "a-.b", "-a", "a_b", "x".repeat(254), "a.".repeat(1_000_000)],
  ],
  [
    "a role",
    isPathSegment,
    ["a", "system:node", "Admin_1", "...", "a..b", "x".repeat(253)],
    ["", "x".repeat(254), "a b"],
  ],
  [
    "a UID",
    isUid,
    ["6e1f2a54-3a49-4a0e-9d0b-7d2f6f0c9b11", "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "A", "x".repeat(63)],
    ["", "-", "a-", "-a", "a.b", "a_b", "x".repeat(64)],
  ],
  [
    "a container's id",
    isContainerId,
    ["3ad7b26ded6d", "a".repeat(64)],
    ["", "host", "3ad7b26ded6", "3AD7B26DED6D", "a".repeat(65), "g".repeat(12)],
  ],
  [
    "a label",
    isLabelKey,
    ["a", "app.kubernetes.io/name", "A_b-c.d", `${"x".repeat(253)}/${"y".repeat(63)}`],
    ["", "a/b/c", "/a", "a/", "-a", "a-", "A/b", "a b", "x".repeat(64), `${"x".repeat(254)}/y`],
  ],
  [
    "a label's value",
    isLabelValue,
    ["", "a", "A_b-c.d", "x".repeat(63)],
    ["-a", "a-", "a b", "a,b", "a=b", "x".repeat(64)],
  ],
];

describe("what can be the name of", () => {
  for (const [what, isOne, good, bad] of kinds) {
    it(what, () => {
      for (const text of good) assert.ok(isOne(text), JSON.stringify(text.slice(0, 80)));
      const hostile = what === "a label" ? HOSTILE.filter((text) => text !== "a/b") : HOSTILE;
      for (const text of [...bad, ...hostile, "x".repeat(4096)]) {
        assert.ok(!isOne(text), JSON.stringify(text.slice(0, 80)));
      }
    });
  }
});
