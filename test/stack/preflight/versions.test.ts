import assert from "node:assert/strict";
import { isOlder, minorOf, oldestKubernetes, textOf } from "../../../stack/preflight/versions.ts";

describe("the oldest Kubernetes that a Knative takes", () => {
  const cases = { "1.20.1": "1.32", "1.21.3": "1.33", "1.22.1": "1.34", "1.23.0": "1.34" };
  for (const [knative, kubernetes] of Object.entries(cases)) {
    it(`is ${kubernetes} of ${knative}`, () => {
      const oldest = oldestKubernetes(knative);
      assert.equal(oldest && textOf(oldest), kubernetes);
    });
  }

  it("is at least that of the newest known one, of one that is newer", () => {
    assert.deepEqual(oldestKubernetes("1.30.0"), oldestKubernetes("1.23.0"));
    assert.deepEqual(oldestKubernetes("2.0.0"), oldestKubernetes("1.23.0"));
  });

  it("isn't known of an old one", () => {
    assert.equal(oldestKubernetes("1.4.0"), undefined);
  });
});

describe("a minor version", () => {
  it("is read of what clusters say they are", () => {
    for (const text of ["1.34", "v1.34.1", "v1.34.1-eks-1234567", "v1.34.0+k3s1", "v1.34.5-gke.100"]) {
      assert.deepEqual(minorOf(text), { major: 1, minor: 34 }, text);
    }
    for (const text of ["", "v1", "latest"]) assert.equal(minorOf(text), undefined, text);
  });

  it("is older by number, not by letters", () => {
    const older = (one: string, other: string) =>
      isOlder(minorOf(one) ?? assert.fail(), minorOf(other) ?? assert.fail());
    assert.ok(older("1.9", "1.10"));
    assert.ok(older("1.34", "2.0"));
    assert.ok(!older("1.34", "1.34"));
    assert.ok(!older("2.0", "1.34"));
  });
});
