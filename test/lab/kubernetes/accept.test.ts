import assert from "node:assert/strict";
import { formOf } from "../../../lab/kubernetes/accept.ts";

const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const asked = (accept?: string) => ({ headers: { ...(accept !== undefined && { accept }) } });

describe("what a request to the embedded Kubernetes API takes for an answer", () => {
  const forms: [accept: string | undefined, metadataOnly: boolean][] = [
    [undefined, false],
    ["", false],
    ["*/*", false],
    ["application/json", false],
    [METADATA, true],
    [`${METADATA},application/json`, true],
    [`application/json,${METADATA}`, false],
    [`application/json;q=0.5, ${METADATA};q=0.6`, true],
    ["application/json;as=Table;g=meta.k8s.io;v=v1,application/json", false],
    ["text/html,*/*;q=0.1", false],
  ];
  for (const [accept, metadataOnly] of forms) {
    it(`is ${metadataOnly ? "its metadata alone" : "the object"} with ${accept ?? "no header"}`, () => {
      assert.deepEqual(formOf(asked(accept), "object"), { metadataOnly });
    });
  }

  it("is nothing that can be had with text/html, nor with a form that there isn't", () => {
    assert.throws(() => formOf(asked("text/html"), "object"), /^StatusError: 406: Not Acceptable\n\nAvailable/);
    assert.throws(() => formOf(asked(`${METADATA}beta9`), "object"), /^StatusError: only the following media types/);
  });

  it("is no text alone, though a log is nothing else", () => {
    assert.deepEqual(formOf(asked("text/plain,application/json"), "log"), { metadataOnly: false });
    assert.throws(() => formOf(asked("text/plain"), "log"), { code: 406 });
  });
});
