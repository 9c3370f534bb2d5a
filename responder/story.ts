import { createHash, randomUUID } from "node:crypto";
import type { CoreV1Event } from "@kubernetes/client-node";
import type { Subject } from "./actions/action.ts";
import { clusterError, type Cluster } from "./cluster.ts";
import { log } from "./log.ts";
import type { Step } from "./response.ts";

/** The annotation that says which alert an Event's rule was last claimed for. */
const CLAIMED_FOR = "response-engine.io/alert";
/** What the API lets a message have. */
const MESSAGE_LIMIT = 1024;

/** A response rule about to act on something, for one alert. */
export interface Chapter {
  rule: string;
  /** The Falco rule, and what tells one alert from another. */
  alert: string;
  key: string;
  subject: Subject;
}

/**
 * Claims a rule on its subject for one alert, so that no other alert sets it off within the window, whichever replica
 * takes it: by a Kubernetes Event on the subject, whose name only one of them can create, and whose version only one
 * can go on from. A claim that can't be made for another reason stops nobody from acting.
 * @param window seconds
 * @returns the Event's name, for {@link tell}; undefined where another alert has the claim
 */
export async function claim(cluster: Cluster, chapter: Chapter, window: number): Promise<string | undefined> {
  const name = `response-${hashOf(chapter)}`;
  const namespace = namespaceOf(chapter.subject);
  const body = eventFor(chapter, name, { type: "Normal", reason: "Responding", message: `Falco rule "${chapter.alert}" set off "${chapter.rule}"` });
  body.metadata.annotations = { [CLAIMED_FOR]: chapter.key };
  try {
    await cluster.core.createNamespacedEvent({ namespace, body });
    return name;
  } catch (thrown) {
    if (clusterError(thrown).code !== 409) return notClaimed(thrown, name);
  }
  try {
    const known = await cluster.core.readNamespacedEvent({ namespace, name });
    const holder = known.metadata.annotations?.[CLAIMED_FOR];
    // the same alert comes again where an answer was lost: it is to be answered
    if (holder === chapter.key) return name;
    // the API cuts the time to the second: the claim may be younger than it says by one
    const age = Date.now() - (known.lastTimestamp?.getTime() ?? 0) - 1000;
    if (holder !== undefined && age < window * 1000) return undefined;
    const { resourceVersion } = known.metadata;
    const again = { metadata: { ...(resourceVersion && { resourceVersion }), annotations: { [CLAIMED_FOR]: chapter.key } }, lastTimestamp: new Date(), count: (known.count ?? 1) + 1 };
    await cluster.core.patchNamespacedEvent({ namespace, name, body: again });
    return name;
  } catch (thrown) {
    return clusterError(thrown).code === 409 ? undefined : notClaimed(thrown, name);
  }
}

/**
 * Tells on the subject what the rule has done there, for `kubectl describe`. That it can't be told changes nothing.
 * @param claimed the Event of the claim, which becomes the story's; it is given up where an action failed
 * @see https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
export async function tell(cluster: Cluster, chapter: Chapter, steps: readonly Step[], claimed: string | undefined): Promise<void> {
  const failed = steps.some(({ outcome }) => outcome === "failed");
  const said = {
    type: "Warning",
    reason: failed ? "ResponseFailed" : "Responded",
    message: `Falco rule "${chapter.alert}": ${steps.map(({ message }) => message).join("; ")}`.slice(0, MESSAGE_LIMIT),
  };
  const namespace = namespaceOf(chapter.subject);
  try {
    if (claimed === undefined) {
      await cluster.core.createNamespacedEvent({ namespace, body: eventFor(chapter, `response-${randomUUID()}`, said) });
    } else {
      const body = { ...said, ...(failed && { metadata: { annotations: { [CLAIMED_FOR]: null } } }) };
      await cluster.core.patchNamespacedEvent({ namespace, name: claimed, body });
    }
  } catch (thrown) {
    log("warning", "no Kubernetes Event", { subject: chapter.subject.described, reason: clusterError(thrown).message });
  }
}

function notClaimed(thrown: unknown, name: string): string {
  log("warning", "not deduplicated", { event: name, reason: clusterError(thrown).message });
  return name;
}

function eventFor({ subject }: Chapter, name: string, said: Pick<CoreV1Event, "type" | "reason" | "message">): CoreV1Event {
  const now = new Date();
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: namespaceOf(subject) },
    involvedObject: subject.reference,
    ...said,
    source: { component: "response-engine" },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
}

/** The API wants the Events of what is in no namespace in this one. */
function namespaceOf({ reference }: Subject): string {
  return reference.namespace ?? "default";
}

function hashOf({ rule, subject }: Chapter): string {
  return createHash("sha256").update(JSON.stringify([rule, subject.reference, subject.identity])).digest("hex").slice(0, 32);
}
