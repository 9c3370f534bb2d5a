import type { Actionner } from "./action.ts";
import { annotation } from "./annotation.ts";
import { cordon } from "./cordon.ts";
import { deleteResource } from "./delete.ts";
import { drain } from "./drain.ts";
import { evidence } from "./evidence.ts";
import { exec } from "./exec.ts";
import { label } from "./label.ts";
import { log } from "./log.ts";
import { networkpolicy } from "./networkpolicy.ts";
import { quarantine } from "./quarantine.ts";
import { script } from "./script.ts";
import { terminate } from "./terminate.ts";

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
