import type { ControlPlane } from "../support/control-plane.ts";
import { startResponder, type ResponderOptions, type RunningResponder } from "../support/responder.ts";
import { alarm, deliver, type AlertOptions, type Reply } from "./deliver.ts";
import { createNode, removeNodes } from "./nodes.ts";
import { controlPlane } from "./shared.ts";
import { Workloads, type Pod } from "./workloads.ts";

export interface StageOptions {
  /** Where the tests' pods are; made for them. */
  namespace: string;
  /** Whether there is a namespace `…-protected` too, which the responder leaves alone. */
  guarded?: boolean;
  /** Nodes for the tests' own pods, beside those that all share. */
  nodes?: readonly string[];
  /** The text of a rules file. */
  rules: string;
  /** For the responder; nothing but the rules given is in force where it doesn't say otherwise. */
  responder?: ResponderOptions;
}

/** What the tests of one file act on; there from their first hook on. */
export interface Stage {
  readonly cluster: ControlPlane;
  readonly responder: RunningResponder;
  readonly pods: Workloads;
  /** Of the protected namespace. */
  readonly protectedPods: Workloads;
  /** Delivers an alert of a pod, with its UID. */
  alarm(rule: string, pod: Pod): Promise<Reply>;
  /** Delivers an alert with these output fields, and no others. */
  deliver(rule: string, fields: Record<string, string>, options?: AlertOptions): Promise<Reply>;
}

interface Started {
  cluster: ControlPlane;
  pods: Workloads;
  protectedPods: Workloads;
  nodes: string[];
  responder?: RunningResponder;
}

/**
 * Has a responder with rules of its own against the suite's control plane, from before a block's tests until after
 * them; what is made for it is taken down where its start fails, too.
 * @param options a function where they hang on what an earlier hook makes
 */
export function withResponder(options: StageOptions | (() => StageOptions)): Stage {
  let started: Started | undefined;

  before(async function () {
    const given = typeof options === "function" ? options() : options;
    const cluster = await controlPlane(this);
    const [pods, protectedPods] = [given.namespace, `${given.namespace}-protected`].map(
      (namespace) => new Workloads(cluster, namespace),
    ) as [Workloads, Workloads];
    started = { cluster, pods, protectedPods, nodes: [] };
    await pods.createNamespace();
    if (given.guarded) await protectedPods.createNamespace();
    for (const node of given.nodes ?? []) started.nodes.push(await createNode(cluster, node));
    started.responder = await startResponder(cluster, given.rules, {
      defaultRules: false,
      ...given.responder,
      config: {
        // a suite ends more pods than an incident
        responseLimits: { workload: 0, namespace: 0, node: 0, total: 0 },
        ...(given.guarded && { responderProtectedNamespaces: [protectedPods.namespace] }),
        ...given.responder?.config,
      },
    });
  });

  after(async () => {
    await started?.responder?.stop();
    if (started) await removeNodes(started.cluster, started.nodes);
  });

  function get<Key extends keyof Started>(key: Key): Required<Started>[Key] {
    const value = started?.[key];
    if (value === undefined) throw new Error(`there is no ${key} before the block's hooks have run`);
    return value as Required<Started>[Key];
  }

  return {
    get cluster() {
      return get("cluster");
    },
    get responder() {
      return get("responder");
    },
    get pods() {
      return get("pods");
    },
    get protectedPods() {
      return get("protectedPods");
    },
    alarm: (rule, pod) => alarm(get("responder"), rule, pod),
    deliver: (rule, fields, more) => deliver(get("responder"), rule, fields, more),
  };
}
