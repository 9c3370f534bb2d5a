import { actionner } from "../actionner.ts";
import { patchNode } from "../pods/patch.ts";

export const cordon = actionner<object>({
  name: "kubernetes:cordon",
  description:
    "Lets no further pod be scheduled on the node of the pod that raised the alert, or that an alert of the host comes from",
  continue: true,
  repeatable: true,
  disrupts: 1,
  givesOutput: false,
  parameters: {},
  targets: ["node"],
  permissions: () => [
    { apiGroup: "", resource: "pods", verbs: ["get"] },
    { apiGroup: "", resource: "nodes", verbs: ["get", "patch"] },
  ],
  example: `- action: Cordon the node
  actionner: kubernetes:cordon
`,
  run: (occasion) => patchNode(occasion, { spec: { unschedulable: true } }, "is cordoned"),
});
