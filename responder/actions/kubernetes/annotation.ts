import { metadataActionner } from "../pods/metadata.ts";

export const annotation = metadataActionner({
  actionner: "kubernetes:annotation",
  field: "annotations",
  value: /^[^]*$/,
  allowed: "a value is any text",
  example: `- action: Annotate the pod
  actionner: kubernetes:annotation
  parameters:
    annotations:
      security.example.com/runbook: https://example.com/runbooks/shell
`,
});
