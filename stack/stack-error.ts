import * as pulumi from "@pulumi/pulumi";

/**
 * Something the person at the terminal has to put right. Pulumi prints a RunError's message alone, without
 * the stack trace that would bury it.
 */
export class StackError extends pulumi.RunError {
  /**
   * @param problem what is wrong, and where: a key, a file or an address, with the value found there
   * @param remedy what to do about it
   */
  constructor(problem: string, remedy: string) {
    super(`${problem}\n${remedy}`);
  }
}
