/** Returns by how many bytes a work raises the greatest memory that this process ever needed. */
export async function peakGrowth(work: () => Promise<unknown>): Promise<number> {
  const before = process.resourceUsage().maxRSS;
  await work();
  return (process.resourceUsage().maxRSS - before) * 1024;
}

/** An argon2 hash of 8 GiB needs more. All other tests of the process together need less. */
export const GIBIBYTE = 2 ** 30;
