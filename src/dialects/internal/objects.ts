import { z } from 'zod';

export const Stored = z.object({ success: z.literal(true) });
export const NotStored = z.object({ success: z.literal(false), error: z.string() });

export const GeneratedJwk = z.object({
  success: z.literal(true),
  jwk: z.object({ id: z.string(), expires_at: z.string(), __typename: z.literal('jwks') }),
});

/** A moment as the portal prints it: `2023-06-14T06:29:35.794+00:00`. */
const printed = (moment: Date): string => moment.toISOString().replace('Z', '+00:00');

export const generatedJwk = (key: { id: string; expiresAt: Date }): z.output<typeof GeneratedJwk> => ({
  success: true,
  jwk: { id: key.id, expires_at: printed(key.expiresAt), __typename: 'jwks' },
});
