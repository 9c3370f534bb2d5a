import type { Readable } from "node:stream";
import { isMap } from "../../responder/json.ts";
import type { Json, KubernetesObject } from "./object.ts";
import { badRequest } from "./status.ts";

/** What stands for the kubelet: what containers have written, and what becomes of what is run in them. */
export interface Containers {
  /** The whole log; what is asked for is cut from its end. */
  log: (pod: KubernetesObject, container: string, options: LogOptions) => string;
  /** Rejects where it can't be run at all; the message is passed on. */
  exec: (pod: KubernetesObject, container: string, command: ContainerCommand) => Promise<CommandResult>;
}

interface LogOptions {
  /** Of the container before it restarted. */
  previous: boolean;
}

export interface ContainerCommand {
  /** The program and its arguments. */
  command: readonly string[];
  /** What is typed into it; ends at once where nobody does. */
  stdin: Readable;
}

export interface CommandResult {
  stdout?: string;
  stderr?: string;
  exitCode: number;
}

/** Containers that have said little, and in which nothing is ever run: what would have been is the answer. */
export const QUIET: Containers = {
  log: (pod, container, { previous }) =>
    [`${container} of ${pathOf(pod)} started`, "listening on :8080", ...(previous ? ["terminated"] : [])]
      .map((line) => `${line}\n`)
      .join(""),
  exec: (pod, container, { command }) => {
    const quoted = command.map((word) => (/^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
    return Promise.resolve({
      stdout: `not run here, but would be in container ${container} of pod ${pathOf(pod)}: ${quoted.join(" ")}\n`,
      exitCode: 0,
    });
  },
};

/**
 * The container that is meant: the one named, or the only one.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/pod/strategy.go (validateContainer)
 * @throws StatusError 400
 */
export function containerOf({ metadata: { name: pod }, spec }: KubernetesObject, name: string): string {
  const containers = namesOf(spec?.["containers"]);
  const all = [...namesOf(spec?.["initContainers"]), ...containers, ...namesOf(spec?.["ephemeralContainers"])];
  if (name !== "") {
    if (!all.includes(name)) throw badRequest(`container ${name} is not valid for pod ${pod}`);
    return name;
  }
  const [only, ...others] = containers;
  if (only !== undefined && others.length === 0) return only;
  throw badRequest(`a container name must be specified for pod ${pod}, choose one of: [${all.join(" ")}]`);
}

/** What the pod's status says of a container; undefined where it says nothing. */
export function containerStatus({ status = {} }: KubernetesObject, name: string): Json | undefined {
  return ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"]
    .flatMap((kind) => objectsOf(status[kind]))
    .find((one) => one["name"] === name);
}

function namesOf(containers: unknown): string[] {
  return objectsOf(containers).map(({ name }) => String(name));
}

function objectsOf(list: unknown): Json[] {
  return Array.isArray(list) ? list.filter(isMap) : [];
}

function pathOf({ metadata: { namespace = "", name } }: KubernetesObject): string {
  return `${namespace}/${name}`;
}
