import type { Actionner } from "./actionner.ts";
import { annotation } from "./kubernetes/annotation.ts";
import { cordon } from "./kubernetes/cordon.ts";
import { deleteResource } from "./kubernetes/delete.ts";
import { drain } from "./kubernetes/drain.ts";
import { evidence } from "./kubernetes/evidence.ts";
import { exec } from "./kubernetes/exec.ts";
import { label } from "./kubernetes/label.ts";
import { log } from "./kubernetes/log.ts";
import { networkpolicy } from "./kubernetes/networkpolicy.ts";
import { quarantine } from "./kubernetes/quarantine.ts";
import { script } from "./kubernetes/script.ts";
import { terminate } from "./kubernetes/terminate.ts";

/** Every action that response rules can name. */
export const ACTIONNERS: readonly Actionner[] = [
  terminate,
  quarantine,
  networkpolicy,
  evidence,
  log,
  exec,
  script,
  label,
  annotation,
  cordon,
  drain,
  deleteResource,
];
