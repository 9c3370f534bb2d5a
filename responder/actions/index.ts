import type { Actionner } from "./action.ts";
import { terminate } from "./terminate.ts";

/** Every action that response rules can name. */
export const ACTIONNERS: readonly Actionner[] = [terminate];
