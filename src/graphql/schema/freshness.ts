import type { SchemaTypes } from '../builder.ts';

type InputFields = PothosSchemaTypes.InputFieldBuilder<
  PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>,
  'InputObject'
>;

/** The codes of a change for which the user shows that it is them. */
export const FRESHNESS =
  '`invalid_credentials` (`currentPassword`), `reauthentication_needed` (if the account has no password, and the last sign-in is too long ago), `reauthentication_not_valid` (`code`), `second_factor_required`';

/** What shows that the user themselves asks for a change. */
export const freshnessFields = (t: InputFields) => ({
  currentPassword: t.string({
    description:
      'The current password. The gateway counts wrong ones per session. Leave it out if the account has no password: then the user must have signed in within the last 15 minutes (FRESH_SIGN_IN), or show `code`.',
  }),
  code: t.string({
    description:
      'The code that `requestReauthentication` has sent, for an account without a password. It works once.',
  }),
});

/** The input of this kind of change, with empty texts for what was left out. */
export const withFreshness = <
  Input extends { currentPassword?: string | null | undefined; code?: string | null | undefined },
>(
  input: Input,
): Omit<Input, 'currentPassword' | 'code'> & { currentPassword: string; code: string } => ({
  ...input,
  currentPassword: input.currentPassword ?? '',
  code: input.code ?? '',
});
