/** Keeps what the responder logs out of the tests' report, which goes to standard output too; gives each test's lines. */
export function quietly(): readonly string[] {
  const write = process.stdout.write.bind(process.stdout);
  const lines: string[] = [];
  before(() => {
    process.stdout.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
      const text = String(chunk);
      if (!text.startsWith('{"level"')) return write(chunk, ...(rest as []));
      lines.push(text);
      return true;
    };
  });
  beforeEach(() => lines.splice(0));
  after(() => {
    process.stdout.write = write;
  });
  return lines;
}
