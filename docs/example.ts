import { parse } from "yaml";
import type { Actionner } from "../responder/actions/action.ts";
import type { RulesFile } from "../responder/rules.ts";

/** The example of an actionner's documentation, with a rule that uses it: a whole rules file. */
export function exampleFile({ name, example }: Actionner): RulesFile {
  const [{ action }] = parse(example) as [{ action: string }];
  const rule = `- rule: Example of ${name}\n  match: {rules: [Anything]}\n  actions: [{action: ${JSON.stringify(action)}}]\n`;
  return { name: `the example of ${name}`, text: `${example}${rule}` };
}
