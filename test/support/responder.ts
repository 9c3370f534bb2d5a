import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { labObjects } from "../../lab/program/objects.ts";
import { evaluateProgram } from "../../lab/program/evaluate.ts";
import { startService, type LogLine, type RunningService } from "../../lab/service.ts";
import type { PolicyRule } from "../../responder/rules/role.ts";
import { ALERT_KEY } from "./alert-key.ts";
import { Applier } from "./apply.ts";
import type { ControlPlane } from "./control-plane.ts";
import { responderBundle } from "./bundle.ts";
import { eventually } from "./eventually.ts";
import { accountsOf } from "./objects.ts";
import { ownRightsOf, phrases } from "./rights.ts";

/** The responder's bundle, running as the program's ServiceAccount against a control plane. */
export interface RunningResponder {
  readonly service: RunningService;
  /** Its log, as far as it has come. */
  readonly log: readonly LogLine[];
  /** Starts one more process of it, which `stop` ends too. */
  start(): Promise<RunningService>;
  stop(): Promise<void>;
}

export interface ResponderOptions {
  /** Whether the default rules come before those given; true when left out. */
  defaultRules?: boolean;
  /** Further values of the stack's configuration. */
  config?: Record<string, unknown>;
  /** Where the Broker is. */
  broker?: string;
}

/**
 * Starts the bundle with the environment, the rules, the ServiceAccount and the role that the program for `dev` gives
 * it, and returns when that role, and nothing of another's, is in force.
 *
 * @param rules text of a rules file
 */
export async function startResponder(
  cluster: ControlPlane,
  rules: string,
  { defaultRules = true, config = {}, broker }: ResponderOptions = {},
): Promise<RunningResponder> {
  const folder = mkdtempSync(join(tmpdir(), "response-engine-responder-"));
  const running: RunningService[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((service) => service.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const file = join(folder, "rules.yaml");
    writeFileSync(file, rules);
    const responderRules = defaultRules ? ["rules.yaml", file] : [file];
    const program = await evaluateProgram({
      stack: "dev",
      config: { "knative:install": false, responderRules, alertKeys: [ALERT_KEY], ...config },
    });
    const accounts = accountsOf(program);
    await new Applier(cluster.api).demand(accounts);

    const { services, falcosidekickTarget } = labObjects(program);
    const object = services.find(({ name }) => name === "responder");
    if (object?.serviceAccount === undefined) throw new Error("the program's responder has no ServiceAccount");
    const token = await cluster.serviceAccountToken(object.namespace, object.serviceAccount);
    const role = accounts.find(({ kind, metadata }) => kind === "ClusterRole" && metadata.name === "responder");
    const wanted = ((role?.["rules"] ?? []) as PolicyRule[]).flatMap(phrases).sort().join();
    const account = [object.namespace, object.serviceAccount] as const;
    await eventually("the role is in force", async () => {
      return (await ownRightsOf(cluster, account, object.namespace)).join() === wanted;
    });

    const bundle = await responderBundle();
    const log: LogLine[] = [];
    let started = 0;
    const start = async (): Promise<RunningService> => {
      started += 1;
      const service = await startService(object, {
        bundle,
        folder: join(folder, `run-${started}`),
        addresses: broker === undefined ? {} : { [falcosidekickTarget.origin]: broker },
        kubeconfig: cluster.kubeconfig(token),
        onLog: (line) => log.push(line),
        onExit: (reason) => log.push({ message: reason }),
      });
      running.push(service);
      return service;
    };
    return { service: await start(), log, start, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
