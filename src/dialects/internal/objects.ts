import { z } from 'zod';
import { portalMoment } from '../portal/objects.ts';

export const Stored = z.object({ success: z.literal(true) });
export const NotStored = z.object({ success: z.literal(false), error: z.string() });

export const GeneratedJwk = z.object({
  success: z.literal(true),
  jwk: z.object({ id: z.string(), expires_at: z.string(), __typename: z.literal('jwks') }),
});

export const generatedJwk = (key: { id: string; expiresAt: Date }): z.output<typeof GeneratedJwk> => ({
  success: true,
  jwk: { id: key.id, expires_at: portalMoment(key.expiresAt), __typename: 'jwks' },
});
