import { z } from 'zod';

// How OpenAPI describes the objects that GoTrue's clients read. `objects.ts` makes them.

const TIME = z.iso.datetime().optional();
const METADATA = z.record(z.string(), z.unknown());

const Identity = z.object({
  identity_id: z.uuid(),
  id: z
    .string()
    .meta({ description: 'The subject at the provider. The id of the user for an address and a number.' }),
  user_id: z.uuid(),
  identity_data: METADATA,
  provider: z.string().meta({ examples: ['email'] }),
  last_sign_in_at: TIME,
  created_at: TIME,
  updated_at: TIME,
  email: z.string().optional(),
});

/** An authenticator app. */
export const FactorSchema = z.object({
  id: z.uuid(),
  created_at: TIME,
  updated_at: TIME,
  status: z.enum(['unverified', 'verified']),
  friendly_name: z.string().optional(),
  factor_type: z.literal('totp'),
  phone: z.string().meta({ description: 'Always empty.' }),
  last_challenged_at: z.iso.datetime().nullable(),
});

/** A person. */
export const UserSchema = z.object({
  id: z.uuid(),
  aud: z.string().meta({ examples: ['authenticated'] }),
  role: z.string().meta({ examples: ['authenticated'] }),
  email: z.string().meta({ description: 'Empty if the person has none.' }),
  email_confirmed_at: TIME,
  invited_at: TIME,
  phone: z.string().meta({ description: 'Digits without a plus sign. Empty if the person has none.' }),
  phone_confirmed_at: TIME,
  confirmation_sent_at: TIME,
  confirmed_at: TIME,
  recovery_sent_at: TIME,
  new_email: z.string().optional().meta({ description: 'The address to which a pending change leads.' }),
  email_change_sent_at: TIME,
  new_phone: z.string().optional().meta({ description: 'The number to which a pending change leads.' }),
  phone_change_sent_at: TIME,
  reauthentication_sent_at: TIME,
  last_sign_in_at: TIME,
  app_metadata: METADATA.meta({ description: 'What the operator says of the person.' }),
  user_metadata: METADATA.meta({ description: 'What the person says of themselves. Never trust it.' }),
  factors: z.array(FactorSchema).optional().meta({ description: 'Left out if the person has none.' }),
  identities: z.array(Identity),
  created_at: TIME,
  updated_at: TIME,
  banned_until: TIME,
  deleted_at: TIME,
  is_anonymous: z.boolean(),
});

/** A session. */
export const SessionSchema = z.object({
  access_token: z.string(),
  token_type: z.literal('bearer'),
  expires_in: z.int().meta({ description: 'Seconds.' }),
  expires_at: z.int().meta({ description: 'Seconds since 1970.' }),
  refresh_token: z.string(),
  user: UserSchema,
  weak_password: z
    .object({ message: z.string(), reasons: z.array(z.string()) })
    .nullable()
    .optional()
    .meta({ description: 'Why the password would be refused as a new one. Null if it would not.' }),
});
