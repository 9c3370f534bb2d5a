import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { environmentOf } from "../../responder/environment.ts";
import { RESPONDER } from "../../responder/settings.ts";
import { permissionsOf } from "../../responder/rules/role.ts";
import { keyOf } from "../../responder/rules/folder.ts";
import type { ResponderConfig } from "../config/config.ts";
import type { AlertKey } from "../key/alert-key.ts";
import { RESPONDER_NAME } from "./names.ts";
import type { Protection } from "./protection.ts";
import { destinationOf, labelsOf, PrivateService, type ServiceBase } from "./private-service.ts";
import type { Destination } from "../knative/custom-resources.ts";
import type { ResponseRules } from "./rules.ts";

const RULES_FOLDER = RESPONDER.rulesFolder.default;
const KEYS_FOLDER = RESPONDER.alertKeysFolder.default;

/** The service that answers alerts, with the rules it goes by and the permissions these need, no more. */
export class Responder extends pulumi.ComponentResource {
  readonly service: PrivateService;
  /** Where alerts are posted to, inside the cluster. */
  readonly url: pulumi.Output<string>;
  /** The service, for Triggers. */
  readonly destination: Destination;
  /** The key that alerts are to carry, from when the service takes it. */
  readonly alertKey: pulumi.Output<string>;

  constructor(name: string, args: ResponderArgs, options: pulumi.ComponentResourceOptions) {
    super("response-engine:stack:Responder", name, {}, options);
    const { namespace, rules, settings, protection, brokerUrl } = args;
    const labels = labelsOf(RESPONDER_NAME);
    const child = { parent: this };

    const account = new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata: { name: RESPONDER_NAME, namespace, labels } },
      child,
    );
    const role = new k8s.rbac.v1.ClusterRole(
      `${name}-role`,
      { metadata: { name: RESPONDER_NAME, labels }, rules: permissionsOf(rules.rules, settings) },
      child,
    );
    const binding = new k8s.rbac.v1.ClusterRoleBinding(
      `${name}-binding`,
      {
        metadata: { name: RESPONDER_NAME, labels },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
        subjects: [{ kind: "ServiceAccount", namespace, name: account.metadata.name }],
      },
      child,
    );
    const data = rulesData(rules);
    const configMap = new k8s.core.v1.ConfigMap(
      `${name}-rules`,
      // Named after its content: other rules are another ConfigMap, so another Revision, which can't start with the old ones.
      { metadata: { name: `${RESPONDER_NAME}-rules-${hashOf(data)}`, namespace, labels }, data, immutable: true },
      child,
    );
    this.service = new PrivateService(
      `${name}-service`,
      {
        ...args,
        serviceName: RESPONDER_NAME,
        serviceAccount: account.metadata.name,
        callsKubernetes: true,
        env: {
          ...environmentOf(RESPONDER, {
            ...settings,
            ...protection,
            rulesFolder: RULES_FOLDER,
            alertKeysFolder: KEYS_FOLDER,
          }),
          [RESPONDER.broker.variable]: brokerUrl,
        },
        files: { configMap: configMap.metadata.name, folder: RULES_FOLDER },
        secrets: { ...args.alertKeys.accepted, folder: KEYS_FOLDER },
      },
      { ...child, dependsOn: [binding] },
    );
    this.url = this.service.status.address.url;
    this.destination = destinationOf(this.service);
    this.alertKey = pulumi.all([args.alertKeys.sent, this.service.id]).apply(([sent]) => sent);
    this.registerOutputs({ url: this.url });
  }
}

export interface ResponderArgs extends ServiceBase, Pick<ResponderConfig, "scale" | "settings"> {
  rules: ResponseRules;
  alertKeys: Pick<AlertKey, "sent" | "accepted">;
  protection: Protection;
  /** Where the actions' outputs go. */
  brokerUrl: pulumi.Input<string>;
}

/** The responder reads its folder in the order of names, and what the rules name beside them. */
function rulesData({ files, named }: ResponseRules): Record<string, string> {
  const rules = files.map(({ text }, index): [string, string] => [
    `${String(index).padStart(2, "0")}-rules.yaml`,
    text,
  ]);
  return Object.fromEntries([...rules, ...[...named].map(([path, text]): [string, string] => [keyOf(path), text])]);
}

function hashOf(data: Record<string, string>): string {
  return createHash("sha256").update(JSON.stringify(data)).digest("hex").slice(0, 10);
}
