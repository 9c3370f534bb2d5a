import { LIMITS } from "../../limits.ts";
import { podActionner } from "../actionner.ts";
import { WHOLE_NUMBER, wholeNumber } from "../parameters.ts";
import { containerLog } from "../pods/container-log.ts";
import { containerNames, containerOf } from "../pods/containers.ts";
import { findPod, otherSince } from "../pods/find-pod.ts";
import { goneOrReplaced } from "../pods/gone-or-replaced.ts";

interface Parameters {
  tail_lines: number;
}

const DEFAULT_LINES = 20;

export const log = podActionner<Parameters>({
  name: "kubernetes:log",
  description:
    "Keeps the end of the log of the container that raised the alert, or of all the pod's where the alert doesn't say which",
  continue: true,
  repeatable: false,
  disrupts: 0,
  givesOutput: true,
  parameters: {
    tail_lines: {
      description: "How many lines of each container",
      allowed: "a whole number of lines; 0 is the default",
      schema: WHOLE_NUMBER,
      default: DEFAULT_LINES,
      parse: (value) => wholeNumber(value) || (wholeNumber(value) === 0 ? DEFAULT_LINES : undefined),
    },
  },
  permissions: () => [
    { apiGroup: "", resource: "pods", verbs: ["get"] },
    { apiGroup: "", resource: "pods/log", verbs: ["get"] },
  ],
  example: `- action: Keep the log
  actionner: kubernetes:log
  parameters:
    tail_lines: 200
`,
  run: async ({ cluster, pod }, { tail_lines: tailLines }) => {
    const found = await findPod(cluster, pod);
    if ("outcome" in found) return found;
    const { namespace, name } = pod;
    const described = `pod ${namespace}/${name}`;
    const told = containerOf(found.pod, pod)?.name;
    const containers = told ? [told] : containerNames(found.pod).slice(0, LIMITS.logs);
    const limit = Math.floor(LIMITS.output / Math.max(containers.length, 1));
    try {
      const logs = await Promise.all(
        containers.map(async (container) => ({
          container,
          log: await containerLog(cluster, { namespace, pod: name, container, tailLines, limit }),
        })),
      );
      // the API names a log by the pod's name alone
      const replaced = await otherSince(cluster, pod, found.uid);
      if (replaced) return replaced;
      const texts = logs.flatMap(({ container, log: end }) => ("text" in end ? [{ container, ...end }] : []));
      const reasons = logs.flatMap(({ log: end }) => ("reason" in end ? [end.reason] : []));
      if (texts.length === 0) return { outcome: "failed", message: `${described} has no log: ${reasons.join("; ")}` };
      const text =
        texts.length === 1
          ? (texts[0]?.text ?? "")
          : texts.map(({ container, text: end }) => `==> ${container} <==\n${end}`).join("\n");
      const truncated = texts.some((end) => end.truncated);
      return {
        outcome: "done",
        message: `kept the end of the log of ${texts.map(({ container }) => container).join(", ")} of ${described}`,
        output: { mediaType: "text/plain", text, truncated },
      };
    } catch (thrown) {
      return await goneOrReplaced(thrown, cluster, pod);
    }
  },
});
