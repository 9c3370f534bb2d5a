import { FAILURES, finalityOf, ApiError, type Failure, type Finality } from "../../responder/kubernetes/errors.ts";
import { sentence, table } from "./table.ts";

/** Where the table stands on the page. */
const [START, END] = ["<!-- failures: npm run docs -->\n", "<!-- end -->"] as const;

const WHAT: Readonly<Record<Failure, string>> = {
  unreachable: "no connection, or one that breaks unanswered",
  "time-out": "no answer in time",
  broken: "an answer that breaks off, or is larger than is read",
  "not-kubernetes": "an answer that isn't the Kubernetes API's: HTML, a redirect, a 200 that holds something else",
  status: "a Status",
  name: "nothing: a name that Kubernetes allows for nothing was to be sent",
  defect: "nothing: the responder itself is at fault",
};

const TOLD: Readonly<Record<Finality, string>> = {
  final: "200 and a reply one priority higher",
  "once more": "503",
};

/** The page with the table of what may keep an action from being done, as the responder decides it. @throws {Error} where it has no place for one */
export function failuresPage(page: string, failures: typeof FAILURES = FAILURES): string {
  const [start, end] = [page.indexOf(START), page.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`docs/failures.md has no ${START.trim()} with ${END} after it`);
  return `${page.slice(0, start + START.length)}\n${tableOf(failures)}\n${page.slice(end)}`;
}

function tableOf(failures: typeof FAILURES): string {
  const rows = failures.map(({ failure, codes, told, why }) => [
    codes ? codes.join(", ") : sentence(WHAT[failure]).replace(/\.$/, ""),
    TOLD[told],
    why,
  ]);
  const others = [418, 599].map((code) => [
    `another ${Math.floor(code / 100)}xx`,
    TOLD[finalityOf(new ApiError("status", "", { code }))],
    "by its kind",
  ]);
  return table(["what the API answers", "what the Broker is told", "why"], [...rows, ...others]);
}
