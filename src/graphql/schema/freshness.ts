import type { SchemaTypes } from '../builder.ts';

type InputFields = PothosSchemaTypes.InputFieldBuilder<
  PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>,
  'InputObject'
>;

/** The codes of a change for which the user shows that it is them. */
export const FRESHNESS =
  '`invalid_credentials` (`currentPassword`), `reauthentication_required` (if the account has no password, and the last sign-in is too long ago), `second_factor_required`';

/** The password of a change that cannot be undone. */
export const currentPassword = (t: InputFields) =>
  t.string({
    description:
      'The current password. The gateway counts wrong ones per session. Leave it out if the account has no password: then the user must have signed in within the last 15 minutes (FRESH_SIGN_IN).',
  });

/** The input of this kind of change, with an empty text for a password that was left out. */
export const withFreshness = <Input extends { currentPassword?: string | null | undefined }>(
  input: Input,
): Omit<Input, 'currentPassword'> & { currentPassword: string } => ({
  ...input,
  currentPassword: input.currentPassword ?? '',
});
