import { setTimeout as sleep } from "node:timers/promises";

/**
 * Calls `look` until it returns something else than undefined or false, and returns that.
 *
 * @param what says what is waited for, in the error when `seconds` have passed
 */
export async function eventually<Found>(
  what: string,
  look: () => Promise<Found | undefined | false>,
  { seconds = 60, every = 50 }: { seconds?: number; every?: number } = {},
): Promise<Found> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`${what}: not so after ${seconds} s`);
    await sleep(every);
  }
}
