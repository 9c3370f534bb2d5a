import type { Actionner } from "./action.ts";
import { annotation } from "./annotation.ts";
import { cordon } from "./cordon.ts";
import { deleteResource } from "./delete.ts";
import { drain } from "./drain.ts";
import { label } from "./label.ts";
import { networkpolicy } from "./networkpolicy.ts";
import { quarantine } from "./quarantine.ts";
import { terminate } from "./terminate.ts";

/** Every action that response rules can name. */
export const ACTIONNERS: readonly Actionner[] = [
  terminate,
  quarantine,
  networkpolicy,
  label,
  annotation,
  cordon,
  drain,
  deleteResource,
];
