import { quantile } from './messages.ts';

export type Repeated = { perSecond: number; p50: number; p99: number };

/** Repeats work for a time, `atOnce` at a time. */
export async function repeat(work: () => Promise<unknown>, atOnce: number, ms: number): Promise<Repeated> {
  const times: number[] = [];
  const start = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let now = performance.now(); now - start < ms; ) {
        await work();
        const done = performance.now();
        times.push(done - now);
        now = done;
      }
    }),
  );
  const perSecond = (times.length * 1000) / (performance.now() - start);
  return { perSecond, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}
