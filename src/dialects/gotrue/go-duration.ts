const MS_OF: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const PART = /(?<number>\d+(?:\.\d*)?|\.\d+)(?<unit>ns|us|µs|μs|ms|s|m|h)/;
const DURATION = new RegExp(`^[+-]?(?:0|(?:${PART.source.replaceAll(/\?<\w+>/g, '')})+)$`);

/** Go keeps a duration as nanoseconds in 64 bits: about 292 years. */
const MAX_MS = 2 ** 63 / 1e6;

/** Reads a duration as Go's time.ParseDuration does: `24h`, `1h30m`, `-1.5s`. Returns milliseconds; null if it is not one. */
export function parseGoDuration(text: string): number | null {
  // The longest useful text is much shorter.
  if (text.length > 100 || !DURATION.test(text)) return null;
  const parts = [...text.matchAll(new RegExp(PART, 'g'))];
  const total = parts.reduce(
    (sum, { groups }) => sum + Number(groups?.number) * (MS_OF[groups?.unit ?? ''] ?? Number.NaN),
    0,
  );
  if (total >= MAX_MS) return null;
  return text.startsWith('-') ? -total : total;
}
