import type { automation } from "@pulumi/pulumi";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** What an operation did to one resource: "create kubernetes:core/v1:ConfigMap responder-rules". */
export type Step = string;

export interface Operation {
  /** Resources that did not stay as they were; in the order in which they were begun. */
  steps: Step[];
  outputs: Record<string, unknown>;
}

/** How a command of the CLI ended, and what it printed. */
export interface Printed {
  code: number | null;
  output: string;
}

/** Waits for the end of a command that has been started. */
export async function ended(child: ChildProcess): Promise<Printed> {
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

/** Notes an operation's steps as its events come. */
export function recorder(): { steps: Step[]; onEvent: (event: automation.EngineEvent) => void } {
  const steps: Step[] = [];
  const onEvent = ({ resourcePreEvent }: automation.EngineEvent): void => {
    if (!resourcePreEvent) return;
    const { op, type, urn } = resourcePreEvent.metadata;
    if (op !== "same" && op !== "read" && op !== "refresh") steps.push(`${op} ${type} ${urn.split("::").at(-1) ?? ""}`);
  };
  return { steps, onEvent };
}
