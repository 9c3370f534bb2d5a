/**
 * Leaves out the tests of the block whose hook calls this, or the one test that does, and prints why: mocha alone
 * prints no reason.
 * @param reason what is missing, and what to do to have it, to come after "left out: "
 */
export function leaveOut(context: Mocha.Context, reason: string): never {
  process.stdout.write(`    left out: ${reason}\n`);
  return context.skip();
}
