import { parse } from "yaml";
import type { Actionner } from "../actions/actionner.ts";
import type { RulesFile } from "./entries.ts";

/**
 * The example of an actionner's documentation, with a rule that uses it: a whole rules file.
 * @param falcoRule whose alerts it answers
 */
export function exampleFile({ name, example }: Actionner, falcoRule = "Anything"): RulesFile {
  const [{ action }] = parse(example) as [{ action: string }];
  const rule = `- rule: Example of ${name}\n  match: {rules: [${JSON.stringify(falcoRule)}]}\n  actions: [{action: ${JSON.stringify(action)}}]\n`;
  return { name: `the example of ${name}`, text: `${example}${rule}` };
}
