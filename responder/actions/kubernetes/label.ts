import { metadataActionner } from "../pods/metadata.ts";

export const label = metadataActionner({
  actionner: "kubernetes:label",
  field: "labels",
  value: /^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/,
  allowed: "a value is up to 63 letters, digits, -, _ and .",
  example: `- action: Label the pod
  actionner: kubernetes:label
  parameters:
    level: pod
    labels:
      suspicious: "true"
`,
});
