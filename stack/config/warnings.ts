import { isPassing } from "./registry.ts";
import { KEYS, type Read } from "./settings.ts";

const { image: IMAGE } = KEYS;

/** What of the image's configuration can be used and may disappoint; a line each. */
export function warningsOf({ image }: Read<typeof KEYS>): string[] {
  const { reference, username, pullSecrets } = image;
  const warnings: string[] = [];
  if (reference !== undefined && !reference.includes("@")) {
    warnings.push(
      `${IMAGE.reference.key}: "${reference}" is a tag: what it names may change, and Knative has to ask the registry ` +
        "for it from inside the cluster; name the image by its digest (REPOSITORY@sha256:…)",
    );
  }
  if (username !== undefined && isPassing(username) && pullSecrets.length === 0) {
    warnings.push(
      `${IMAGE.username.key}: the passwords of "${username}" end after some hours, so a copy of this one would, and none is ` +
        `made for the pods: have the nodes pull with their own credentials, or name a Secret that is renewed in ${IMAGE.pullSecrets.key}`,
    );
  }
  return warnings;
}
