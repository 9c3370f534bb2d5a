/** A response rule for one Falco rule, which gives it its name. */
export function rule(name: string, actions: readonly object[], more: object = {}): object {
  return { rule: name, match: { rules: [name] }, actions, ...more };
}

export function action(actionner: string, parameters: object = {}, more: object = {}): object {
  return { action: actionner, actionner, parameters, ...more };
}

/** The text of a rules file in which each Falco rule is answered with the same action, with parameters of its own. */
export function rulesFile(actionner: string, parameters: Readonly<Record<string, object>>): string {
  return JSON.stringify(Object.entries(parameters).map(([name, own]) => rule(name, [action(actionner, own)])));
}
