import { createHash } from "node:crypto";
import type { Cluster } from "../kubernetes/cluster.ts";
import { clusterError } from "../kubernetes/errors.ts";
import { log } from "../telemetry/log.ts";
import { CLAIMED_FOR, eventFor, namespaceOf, type Chapter } from "./kubernetes-event.ts";

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
  const body = eventFor(chapter, name, {
    type: "Normal",
    reason: "Responding",
    message: `Falco rule "${chapter.alert}" set off "${chapter.rule}"`,
  });
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
    const again = {
      metadata: { ...(resourceVersion && { resourceVersion }), annotations: { [CLAIMED_FOR]: chapter.key } },
      lastTimestamp: new Date(),
      count: (known.count ?? 1) + 1,
    };
    await cluster.core.patchNamespacedEvent({ namespace, name, body: again });
    return name;
  } catch (thrown) {
    return clusterError(thrown).code === 409 ? undefined : notClaimed(thrown, name);
  }
}

function notClaimed(thrown: unknown, name: string): string {
  log("warning", "not deduplicated", { event: name, reason: clusterError(thrown).message });
  return name;
}

function hashOf({ rule, subject }: Chapter): string {
  return createHash("sha256")
    .update(JSON.stringify([rule, subject.reference, subject.identity]))
    .digest("hex")
    .slice(0, 32);
}
