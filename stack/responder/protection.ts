import type { NamespacedName } from "../../responder/formats.ts";
import type { StackConfig } from "../config/config.ts";
import { DEAD_LETTER_NAME, RESPONDER_NAME } from "./names.ts";

/** What no rule ever acts on. */
export interface Protection {
  protectedNamespaces: string[];
  /** The responder's own services, wherever they are. */
  ownServices: NamespacedName[];
}

/** What every cluster has, and what Knative's releases bring, by the names that these have everywhere. */
const ALWAYS = [
  "kube-system",
  "kube-public",
  "kube-node-lease",
  "knative-serving",
  "knative-eventing",
  "kourier-system",
];

/**
 * All without which alerts would no longer be raised, carried or answered, by its names in this stack, and what the
 * configuration adds. `default` isn't among the namespaces though the responder may be there: others' pods are, too.
 */
export function protectionOf({
  broker,
  falco,
  responder,
}: Pick<StackConfig, "broker" | "falco" | "responder">): Protection {
  const { namespace } = broker;
  const own = namespace === "default" ? [] : [namespace];
  return {
    protectedNamespaces: [...new Set([...ALWAYS, falco.namespace, ...own, ...responder.protectedNamespaces])],
    ownServices: [RESPONDER_NAME, DEAD_LETTER_NAME].map((name) => ({ namespace, name })),
  };
}
