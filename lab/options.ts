import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { reasonOf } from "./reason.ts";

export const USAGE = `Usage: npm start -- [options]

Plays recorded attacks through the whole chain on this machine: the real Pulumi program under
mocks, the real responder, and small stand-ins for falcosidekick, Knative's Broker and the
Kubernetes API. Ends with 0 only if every pod that had to go is gone and every other is there.

What has to become of the recorded alerts, by the stack's rules, is written out, and so is that
of --actions. Of your own alerts or rules the lab doesn't know it: it ends with 0 then only if
nothing went or was changed that the alert is not about, and what the responder says of it is
what happened. Whether your rules answer an alert as you mean them to is for you to read.

Options:
  --actions      play one alert for each action instead, answered as in the actions' documentation
  --alerts FILE  play these alerts instead: Falco's JSON output, one alert a line; - for standard input
  --rules FILE   use this rules file instead of the stack's; may be given again, later ones override
  --stack NAME   the stack whose configuration to use: dev (default) or prod
  --serve        keep running, and print where falcosidekick or curl can post alerts to;
                 with --alerts, play those first
  --json         one JSON object a line instead of text
  --help         this text
`;
const STACK = /^[\w.-]+$/;

/** What the lab is asked to do. */
export interface Options {
  actions: boolean;
  alerts: string | undefined;
  /** Absolute paths. */
  rules: string[];
  stack: string;
  serve: boolean;
  json: boolean;
}

/** A mistake in how the lab was called. */
export class UsageError extends Error {}

/** @throws UsageError */
export function readOptions(args: string[]): Options | "help" {
  const { help, ...options } = parse(args);
  if (help) return "help";
  if (!STACK.test(options.stack))
    throw new UsageError(`--stack: ${JSON.stringify(options.stack)} is no name of a stack`);
  if (options.actions && (options.alerts !== undefined || options.rules.length > 0))
    throw new UsageError("--actions brings its own alerts and rules: give it without --alerts and --rules");
  return { ...options, rules: options.rules.map((file) => resolve(file)) };
}

function parse(args: string[]): Options & { help: boolean } {
  try {
    const { values } = parseArgs({
      args,
      options: {
        actions: { type: "boolean", default: false },
        alerts: { type: "string" },
        rules: { type: "string", multiple: true, default: [] },
        stack: { type: "string", default: "dev" },
        serve: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    return { ...values, alerts: values.alerts };
  } catch (error) {
    throw new UsageError(reasonOf(error));
  }
}
