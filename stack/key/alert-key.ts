import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { randomBytes } from "node:crypto";
import { ALERT_KEYS_FILE } from "../../responder/settings.ts";
import { fingerprintOf } from "./fingerprint.ts";

/** Bytes of a key that is made here. */
const SIZE = 32;

/**
 * The key by which the responder knows falcosidekick's alerts from anybody else's. It is made by the first `up` and
 * kept by every later one, unless the stack names keys of its own. It is nowhere but in Secrets.
 */
export class AlertKey extends pulumi.ComponentResource {
  /** The one to send; a secret. */
  readonly sent: pulumi.Output<string>;
  /** All that are taken, for the responder. */
  readonly accepted: AcceptedKeys;

  constructor(name: string, { namespace, keys }: AlertKeyArgs, options: pulumi.ComponentResourceOptions) {
    super("response-engine:stack:AlertKey", name, {}, options);
    const text = keys ? keys.apply((list) => textOf(JSON.parse(list) as string[])) : pulumi.secret(textOf([newKey()]));
    const secret = new k8s.core.v1.Secret(
      `${name}-secret`,
      {
        metadata: {
          name: "responder-alert-keys",
          namespace,
          labels: { "app.kubernetes.io/part-of": "response-engine", "app.kubernetes.io/managed-by": "pulumi" },
        },
        data: { [ALERT_KEYS_FILE]: text.apply((plain) => Buffer.from(plain).toString("base64")) },
      },
      // Of another key that is made each time, the first is kept: what uses it reads what is stored.
      { parent: this, ...(keys ? {} : { ignoreChanges: ["data"] }) },
    );
    const stored = pulumi.secret(secret.data).apply((data) => {
      return Buffer.from(data[ALERT_KEYS_FILE] ?? "", "base64").toString("utf8");
    });
    this.sent = stored.apply((lines) => lines.split("\n", 1)[0] ?? "");
    const fingerprint = pulumi.unsecret(stored.apply(fingerprintOf));
    this.accepted = { secretName: pulumi.unsecret(secret.metadata.name), fingerprint };
    this.registerOutputs();
  }
}

export interface AlertKeyArgs {
  /** The responder's. */
  namespace: pulumi.Input<string>;
  /** A JSON list, of which the first is sent and all are taken; undefined: one that is made here. */
  keys?: pulumi.Output<string> | undefined;
}

/** The Secret that the responder has its keys from. */
export interface AcceptedKeys {
  secretName: pulumi.Output<string>;
  /** Another when the keys are others. */
  fingerprint: pulumi.Output<string>;
}

/** One a line, as the responder reads them. */
function textOf(keys: readonly string[]): string {
  return keys.map((key) => `${key}\n`).join("");
}

function newKey(): string {
  return randomBytes(SIZE).toString("base64url");
}
