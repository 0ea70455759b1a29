import { z } from 'zod';

const emptyIfMissing = (value: unknown): unknown => value ?? '';

/**
 * A text of the portal's and teams' bodies. A missing or null text is the empty one, which the flows report as `required`
 * in their order.
 */
export const text = (description: string, example: string) =>
  z.preprocess(emptyIfMissing, z.string().meta({ description, examples: [example] }));

/** A text that may be missing. */
export const optionalText = (description: string) =>
  z.preprocess(emptyIfMissing, z.string()).optional().meta({ description });
