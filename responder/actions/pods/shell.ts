import type { PodReference } from "../../alerts/named.ts";
import type { Cluster, CommandResult } from "../../kubernetes/cluster.ts";
import { apiErrorOf } from "../../kubernetes/errors.ts";
import { LIMITS } from "../../limits.ts";
import { printed } from "../../text.ts";
import type { Permission } from "../../kubernetes/permission.ts";
import { assignments, variablesOf } from "../variables.ts";
import { positive, type Parameter } from "../parameters.ts";
import type { PodOccasion } from "../actionner.ts";
import type { Result } from "../outcome.ts";
import { containerNames, containerOf } from "./containers.ts";
import { findPod, otherSince } from "./find-pod.ts";
import { goneOrReplaced } from "./gone-or-replaced.ts";

/** What every action that runs a shell in the container can be told. */
export interface ShellParameters {
  shell: string;
  timeout_seconds: number;
}

export const SHELL_PARAMETERS: { [Name in keyof ShellParameters]: Parameter<ShellParameters[Name]> } = {
  shell: {
    description: "What runs it in the container, given it after -c",
    allowed: "an absolute path",
    schema: { type: "string", pattern: "^/." },
    default: "/bin/sh",
    parse: (value) => (typeof value === "string" && /^\/[^\0]+$/.test(value) ? value : undefined),
  },
  timeout_seconds: {
    description: "Seconds it may take; responderTimeoutSeconds has to be longer",
    ...positive("seconds"),
    default: 20,
  },
};

/** Bytes of a shell's text with its variables: it travels in the request's address, in which API servers take 1 MiB. */
const LONGEST = 64 * 1024;

/** The API asks for either verb, depending on its release and the client's. */
export const SHELL_PERMISSIONS: readonly Permission[] = [
  { apiGroup: "", resource: "pods", verbs: ["get"] },
  { apiGroup: "", resource: "pods/exec", verbs: ["create", "get"] },
];

/**
 * Runs a shell's text in the container that raised the alert, or in the pod's first where the alert doesn't say which.
 * The API names what it runs it in by the pod's name alone: the pod is compared before, and again afterwards.
 * @param what names the text, for messages: "the command"
 */
export async function runInContainer(
  { cluster, pod, alert, context }: PodOccasion,
  text: string,
  { shell, timeout_seconds: seconds }: ShellParameters,
  what: string,
): Promise<Result> {
  const found = await findPod(cluster, pod);
  if ("outcome" in found) return found;
  const { namespace, name } = pod;
  const told = containerOf(found.pod, pod);
  const container = told ? told.name : containerNames(found.pod)[0];
  if (container === undefined) {
    return {
      outcome: "failed",
      message: `${what} was not run: pod ${namespace}/${name} has no container${told ? ` ${told.asked}` : ""}`,
    };
  }
  const whole = assignments(text, variablesOf(alert, context)) + text;
  if (Buffer.byteLength(whole) > LONGEST) {
    const message = `${what} was not run: with the values of the alert that it uses it is longer than ${LONGEST} bytes`;
    return { outcome: "failed", message };
  }
  const command = [shell, "-c", whole];
  let ended: CommandResult;
  try {
    ended = await cluster.exec({
      namespace,
      pod: name,
      container,
      command,
      timeout: seconds * 1000,
      limit: LIMITS.output,
    });
  } catch (thrown) {
    return await goneOrReplaced(thrown, cluster, pod);
  }
  const { output, truncated, failure } = ended;
  const kept = { output: { mediaType: "text/plain" as const, text: printed(output), truncated } };
  const described = `container ${container} of pod ${namespace}/${name}`;
  const wrong = await meanwhile(cluster, pod, found.uid);
  if (wrong !== undefined) return { outcome: "failed", message: `${what} ran, but ${wrong}`, ...kept };
  if (failure !== undefined)
    return { outcome: "failed", message: `${what} failed in ${described}: ${failure}`, ...kept };
  return { outcome: "done", message: `ran ${what} in ${described}`, ...kept };
}

/** Why it may have run elsewhere; undefined where it has not. It has run: what can't be looked at isn't thrown, or it would run again. */
async function meanwhile(cluster: Cluster, pod: PodReference, uid: string): Promise<string | undefined> {
  const name = `${pod.namespace}/${pod.name}`;
  try {
    if (!(await otherSince(cluster, pod, uid))) return undefined;
    return `another pod took the name ${name} meanwhile, and it may have run there`;
  } catch (thrown) {
    return `whether another pod took the name ${name} meanwhile could not be seen: ${apiErrorOf(thrown).message}`;
  }
}
