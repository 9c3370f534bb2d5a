import { podActionner } from "../actionner.ts";
import { patchNode } from "../pods/patch.ts";

export const cordon = podActionner<object>({
  name: "kubernetes:cordon",
  description: "Lets no further pod be scheduled on the node of the pod that raised the alert",
  continue: true,
  repeatable: true,
  givesOutput: false,
  parameters: {},
  permissions: () => [
    { apiGroup: "", resource: "pods", verbs: ["get"] },
    { apiGroup: "", resource: "nodes", verbs: ["patch"] },
  ],
  example: `- action: Cordon the node
  actionner: kubernetes:cordon
`,
  run: (occasion) => patchNode(occasion, { spec: { unschedulable: true } }, "is cordoned"),
});
