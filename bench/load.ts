import { performance } from "node:perf_hooks";

/** Does the work for every item, so many at a time; gives what each came to, in order, and the seconds it took in all. */
export async function inTurn<Item, Result>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item) => Promise<Result>,
): Promise<{ each: Result[]; seconds: number }> {
  const started = performance.now();
  const each: Result[] = [];
  const pending = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of pending) each[index] = await work(item);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { each, seconds: (performance.now() - started) / 1000 };
}

/** The value below which a share (0 to 1) of the samples lie. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
