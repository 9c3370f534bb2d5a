import type { Follower } from "./follow.ts";
import type { KubernetesObject } from "./objects.ts";
import type { Place } from "./resources.ts";

/** The Kubernetes API, as far as actions work with it. Every method throws {@link ApiError}, and nothing else. */
export interface Cluster {
  get: <T extends object>(at: Place) => Promise<T>;
  /** An object's metadata, and nothing of what it holds. */
  metadata: (at: Place) => Promise<KubernetesObject>;
  /**
   * What is kept of the first items of a collection, page by page; `more` where there are more than are read, or than
   * there is room for. @param keep undefined for an item of which nothing is
   */
  list: <T extends object>(
    at: Place,
    query: ListQuery,
    keep: (item: object) => T | undefined,
  ) => Promise<{ items: T[]; more: boolean }>;
  /**
   * Tells of a collection's objects, of each its metadata alone: all there are, then each change, until the API ends
   * it. Who wants to know more than that asks again.
   */
  follow: (at: Place, selectors: Selectors, follower: Follower) => Promise<void>;
  create: (at: Place, body: object) => Promise<unknown>;
  /** A JSON merge patch. @see https://www.rfc-editor.org/rfc/rfc7386 */
  patch: <T extends object>(at: Place, body: object) => Promise<T>;
  /** Deletes one object, with what it owns; what the API then has of it, undefined where that is nothing. */
  delete: (at: Place, options: DeleteOptions) => Promise<KubernetesObject | undefined>;
  log: (at: Place, query: LogQuery) => Promise<string>;
  exec: (command: Command) => Promise<CommandResult>;
}

export interface Selectors {
  fieldSelector?: string;
  labelSelector?: string;
}

export interface ListQuery extends Selectors {
  /** How many items, at most. */
  limit: number;
}

/** @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/ */
interface DeleteOptions {
  /** The object's, which no other of its name has. */
  uid: string;
  /** Seconds; undefined: as long as the object says. */
  gracePeriodSeconds?: number;
}

interface LogQuery {
  container: string;
  /** How many lines from its end. */
  tailLines: number;
  /** Of the container before it restarted. */
  previous?: boolean;
}

/** What is to be run in a container, and no longer than `timeout` milliseconds. */
export interface Command {
  namespace: string;
  pod: string;
  container: string;
  command: readonly string[];
  timeout: number;
  /** How much of its output is kept, in bytes. */
  limit: number;
}

/** How a command ended that was begun. */
export interface CommandResult {
  /** What it wrote to stdout and stderr, in the order it came. */
  output: string;
  truncated: boolean;
  /** undefined for one that succeeded; else why not, in words. */
  failure?: string;
}
