import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import type { FalcoPayload } from "../../responder/alerts/falcosidekick.ts";
import { ALERT_HEADERS, shellAlert } from "../responder/fixtures.ts";
import type { LogLine } from "../../lab/service.ts";
import { eventually } from "../support/eventually.ts";
import type { RunningResponder } from "../support/responder.ts";
import type { Pod } from "./workloads.ts";

/** What the responder answers. */
export interface Reply {
  status: number;
  outcome: string | null;
  /** What it tells people; empty where it has nothing to say. */
  said: string;
  priority: string;
  fields: Readonly<Record<string, string>>;
}

export interface AlertOptions {
  /** falcosidekick's id of the alert; a new one when left out. */
  uuid?: string;
  /** Falco's data source; `syscall` when left out. */
  source?: string;
  /** When Falco raised it, undefined where it doesn't say; when it was delivered first, where this is left out. */
  time?: string | undefined;
}

/** By uuid: an alert that is delivered again is the same as before. */
const raised = new Map<string, string>();

/**
 * Delivers an alert over HTTP as Knative does.
 *
 * @param rule Falco's
 * @param fields the output fields, no others
 */
export async function deliver(
  { service }: RunningResponder,
  rule: string,
  fields: Record<string, string>,
  { uuid = randomUUID(), source = "syscall", ...more }: AlertOptions = {},
): Promise<Reply> {
  if (!raised.has(uuid)) raised.set(uuid, new Date().toISOString());
  const time = "time" in more ? more.time : raised.get(uuid);
  const response = await fetch(service.url, {
    method: "POST",
    headers: { ...ALERT_HEADERS, "ce-id": randomUUID() },
    body: JSON.stringify(shellAlert({}, { rule, uuid, source, time, output_fields: fields })),
  });
  const text = await response.text();
  const {
    output = "",
    priority = "",
    output_fields: told = {},
  } = (text === "" ? {} : JSON.parse(text)) as Partial<FalcoPayload>;
  return { status: response.status, outcome: response.headers.get("ce-outcome"), said: output, priority, fields: told };
}

/** Delivers an alert of a pod, with its UID. */
export async function alarm(responder: RunningResponder, rule: string, pod: Pod): Promise<Reply> {
  return deliver(responder, rule, { ...nameOf(pod), "k8s.pod.uid": pod.metadata.uid });
}

/** The lines that the responder has logged of an alert, once there are as many: it logs after it has answered. */
export async function loggedOf({ log }: RunningResponder, uuid: string, count: number): Promise<readonly LogLine[]> {
  return eventually(`the alert ${uuid} is logged`, () => {
    const lines = log.filter((line) => line["uuid"] === uuid);
    return Promise.resolve(lines.length === count && lines);
  });
}

/** What an alert always says of a pod. */
export function nameOf({ metadata: { namespace, name } }: Pod): Record<string, string> {
  return { "k8s.ns.name": namespace, "k8s.pod.name": name };
}

/** A container's id (of the first, where no name is given) as Falco gives it: the first 12 characters. */
export function containerOf({ status }: Pod, name?: string): string {
  const id = status.containerStatuses?.find((container) => name === undefined || container.name === name)?.containerID;
  assert.ok(id);
  return id.slice(id.indexOf("://") + 3).slice(0, 12);
}
