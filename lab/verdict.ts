import type { Chain } from "./chain.ts";
import { listPods } from "./scenes/pods.ts";
import type { StepReport } from "./scenes/step-report.ts";

/** How it all ended. */
export interface Verdict {
  ok: boolean;
  /** Whether what had to become of each alert was written out; else what holds of all was asked for alone. */
  writtenOut: boolean;
  gone: number;
  there: number;
  /** What is not as it had to be, in a line each. */
  wrong: string[];
  /** Requests the responder's role didn't allow. */
  forbidden: string[];
  /** Milliseconds of the whole run. */
  duration: number;
}

/**
 * Every alert ended as it had to, nothing went beside that, and the role was enough.
 *
 * @param deleted how many pods went in all
 */
export function judge(
  reports: readonly StepReport[],
  { kubernetes }: Chain,
  deleted: number,
  duration: number,
): Verdict {
  const wrong = reports.flatMap((report) => report.wrong.map((line) => `${line} (${report.title})`));
  const forbidden = kubernetes.requests
    .filter(({ status }) => status === 403)
    .map(({ verb, path }) => `${verb} ${path}`);
  const gone = reports.reduce((sum, report) => sum + report.gone.length, 0);
  if (deleted !== gone) wrong.push(`${deleted - gone} more went when no alert was about them`);
  return {
    ok: wrong.length === 0 && forbidden.length === 0,
    writtenOut: reports.every(({ expected }) => expected !== undefined),
    gone,
    there: listPods(kubernetes).length,
    wrong,
    forbidden,
    duration,
  };
}
