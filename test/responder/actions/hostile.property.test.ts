import assert from "node:assert/strict";
import fc from "fast-check";
import { ACTIONNERS } from "../../../responder/actions/catalogue.ts";
import type { Step } from "../../../responder/actions/outcome.ts";
import { AlertError, parseAlert, type Alert } from "../../../responder/alerts/alert.ts";
import { RetryLater } from "../../../responder/engine/engine.ts";
import { respond } from "../../../responder/engine/respond.ts";
import { pathOf } from "../../../responder/kubernetes/resources.ts";
import { LIMITS } from "../../../responder/limits.ts";
import { isObjectName, isUid } from "../../../responder/names.ts";
import type { Rule } from "../../../responder/rules/rule.ts";
import { engine, rules } from "../fixtures.ts";
import { alerts, failures, objects, printed } from "./hostile-input.ts";
import { watchedCluster, type Asked, type Given } from "./watched-cluster.ts";

/** What each actionner is told, once or more; nothing where none is here. */
const PARAMETERS: Record<string, readonly Record<string, unknown>[]> = {
  "kubernetes:terminate": [{}, { ignore_daemonsets: true, ignore_standalone_pods: true, min_healthy_replicas: "33%" }],
  "kubernetes:networkpolicy": [{ allow_namespaces: ["monitoring"] }],
  "kubernetes:exec": [{ command: 'ls "$FD_NAME"' }],
  "kubernetes:script": [{ script: "cat ${FD_NAME}" }],
  "kubernetes:label": ["pod", "node"].map((level) => ({ level, labels: { suspicious: "true", old: "" } })),
  "kubernetes:annotation": ["pod", "node"].map((level) => ({ level, annotations: { why: "a shell" } })),
  "kubernetes:drain": [{ ignore_daemonsets: true, min_healthy_replicas: 2 }],
  "kubernetes:delete": [{ resources: ["pods", "configmaps", "namespaces", "roles"] }],
};

const given: fc.Arbitrary<Given> = fc.oneof(
  { weight: 6, arbitrary: fc.constant("fitting" as const) },
  { weight: 3, arbitrary: objects.map((object) => ({ object })) },
  { weight: 1, arbitrary: failures.map((failure) => ({ failure })) },
);

describe("whatever an alert, an object or the API holds", () => {
  for (const { name } of ACTIONNERS) {
    for (const parameters of PARAMETERS[name] ?? [{}]) {
      it(`${name} with ${JSON.stringify(parameters)} does nothing but what it is for`, async () => {
        const [rule] = rules(JSON.stringify([{ rule: "R", actions: [{ action: "A", actionner: name, parameters }] }]));
        assert.ok(rule);
        const input = fc.record({
          payload: alerts,
          script: fc.array(given, { minLength: 1, maxLength: 6 }),
          out: printed,
        });
        const outcomes = new Set<string>();
        await fc.assert(
          fc.asyncProperty(input, async ({ payload, script, out }) => {
            outcomes.add(await play(rule, payload, script, out));
          }),
          { seed: 20261123, numRuns: 300 },
        );
        const all = [name === "kubernetes:terminate" ? "terminated" : "done", "failed", "once more"];
        for (const one of all) assert.ok(outcomes.has(one), `none of the runs ended with ${one}`);
      });
    }
  }
});

/** @returns how it ended */
async function play(rule: Rule, payload: unknown, script: readonly Given[], out: string): Promise<string> {
  const alert = read(payload);
  if (!alert) return "no alert";
  let ended = "once more";
  const on = watchedCluster(script, out);
  try {
    const verdict = await respond(alert, "key", engine(on, { rules: [rule] }));
    ended = verdict.outcome;
    if (verdict.outcome !== "no-match") {
      for (const step of verdict.steps) checkSaid(step);
      for (const { failure } of verdict.apiErrors) assert.ok(failure !== "defect" && failure !== "name", failure);
    }
  } catch (error) {
    if (!(error instanceof RetryLater)) throw error;
  }
  for (const [index, request] of on.asked.entries()) {
    checkPlace(request, alert, rule, on.asked.slice(0, index));
    checkIdentity(request, alert, on.asked.slice(0, index));
  }
  return ended;
}

function read(payload: unknown): Alert | undefined {
  try {
    return parseAlert(payload);
  } catch (error) {
    if (!(error instanceof AlertError)) throw error;
    return undefined;
  }
}

function checkSaid({ message, output }: Step): void {
  assert.ok(Buffer.byteLength(message) <= LIMITS.message, "a message is bounded");
  assert.doesNotMatch(message, /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
  assert.ok(Buffer.byteLength(output?.text ?? "") <= LIMITS.output, "an output is bounded");
  if (output?.mediaType === "text/plain") assert.doesNotMatch(output.text, /[\0-\x08\x0b-\x1f\x7f]/);
}

/** A place is one, where the alert's object is, and of a kind that the action says it needs. */
function checkPlace({ verb, place, body }: Asked, { named }: Alert, rule: Rule, before: readonly Asked[]): void {
  assert.ok(pathOf(place).startsWith("/"), "it is a path of names");
  const { resource, namespace, name, subresource } = place;
  const wanted = subresource === undefined ? resource.name : `${resource.name}/${subresource}`;
  const permissions = rule.actions[0]?.prepared.permissions ?? [];
  assert.ok(
    permissions.some((one) => one.apiGroup === resource.group && one.resource === wanted && one.verbs.includes(verb)),
    `${verb} ${wanted} is allowed by the role`,
  );
  if (verb === "list") {
    const { fieldSelector = "", limit } = body as { fieldSelector?: string; limit: number };
    assert.match(fieldSelector, /^$|^spec\.nodeName=[a-z0-9.-]+$|^involvedObject\.uid=[0-9A-Za-z-]+$/);
    assert.ok(limit <= LIMITS.listed);
  }
  const listed = before.flatMap((one) => (one.verb === "list" ? itemsOf(one.answer) : []));
  const own = [named.pod?.namespace, named.object?.namespace];
  assert.ok(
    namespace === undefined
      ? ["nodes", "pods", "namespaces"].includes(resource.name)
      : own.includes(namespace) || isListed(listed, namespace, name),
    `${namespace ?? "the cluster"} is no place of the alert's`,
  );
}

interface Named {
  metadata?: { namespace?: unknown; name?: unknown; uid?: unknown };
}

function isListed(pods: readonly Named[], namespace: string, name: string | undefined): boolean {
  return pods.some(({ metadata }) => metadata?.namespace === namespace && metadata.name === name);
}

/** What is changed, deleted or entered has been proved to be what the alert means. */
function checkIdentity({ verb, place, body }: Asked, { named }: Alert, before: readonly Asked[]): void {
  if (verb === "get" || verb === "list") return;
  const { resource } = place;
  const known = before.flatMap(({ answer }) => uidsIn(answer)).concat(named.pod?.uid ?? []);
  if (place.subresource === "eviction") {
    const { deleteOptions } = body as { deleteOptions: { preconditions: { uid: string } } };
    assert.ok(isUid(deleteOptions.preconditions.uid) && known.includes(deleteOptions.preconditions.uid));
  } else if (place.subresource === "exec" || resource.name === "networkpolicies") {
    const pod = before.find((one) => one.verb === "get" && one.place.resource.name === "pods")?.answer;
    assert.ok(isProved(pod, named.pod), "the pod was looked at, and is the alert's");
    const { metadata } = body as { metadata?: { name: string } };
    if (metadata) assert.ok(isObjectName(metadata.name), metadata.name);
  } else {
    const { uid } = verb === "delete" ? (body as { uid: string }) : (body as { metadata: { uid: string } }).metadata;
    assert.ok(isUid(uid) && known.includes(uid), `${uid} is what was found`);
  }
}

function isProved(pod: unknown, named: Alert["named"]["pod"]): boolean {
  const { metadata } = pod as { metadata: { uid: string; creationTimestamp?: string } };
  if (!named || !isUid(metadata.uid)) return false;
  if (named.uid !== undefined) return metadata.uid === named.uid || JSON.stringify(pod).includes(named.uid);
  if (named.containerId !== undefined) return JSON.stringify(pod).includes(named.containerId);
  return Date.parse(metadata.creationTimestamp ?? "") <= (named.raisedAt ?? NaN);
}

function itemsOf(answer: unknown): Named[] {
  return (answer as { items?: Named[] } | undefined)?.items ?? [];
}

function uidsIn(answer: unknown): string[] {
  const objects = [answer as Named | undefined, ...itemsOf(answer)];
  return objects.flatMap((object) => (typeof object?.metadata?.uid === "string" ? [object.metadata.uid] : []));
}
