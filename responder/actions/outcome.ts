/** How an action ended, in the words of the log, the metrics and the reply. */
export type Outcome =
  | "terminated"
  /** What the action does other than that. */
  | "done"
  /** A parameter of the action or a protected namespace said no. */
  | "ignored"
  /** The pod is no longer there. */
  | "gone"
  /** A pod of the same name is there, but it is not the one that raised the alert. */
  | "replaced"
  /** Another alert has set off the same rule on the same pod a moment ago. */
  | "deduplicated"
  /** The alert is the host's, or that of a container outside Kubernetes. */
  | "no-pod"
  | "dry-run"
  /** A response limit or the switch kept it from being done. */
  | "held"
  /** The API refused for good, or the action can't be done on this alert. */
  | "failed";

export interface Result {
  outcome: Outcome;
  /** One sentence for a person, without a full stop. */
  message: string;
  /** What the action brought to light; undefined for one that only acts. */
  output?: Output;
}

/** What a command printed, a container logged or the API knows of a pod. */
export interface Output {
  mediaType: "text/plain" | "application/json";
  text: string;
  /** Whether there was more than is kept. */
  truncated: boolean;
}

/** One action of one response rule, and how it ended. */
export interface Step {
  rule: string;
  action: string;
  actionner: string;
  outcome: Outcome;
  message: string;
  output?: Output;
  /** Whether something is missing that people must see, though the action itself was done; the message says what. */
  shortcoming?: boolean;
}
