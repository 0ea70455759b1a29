import { AuthError } from '../../errors.ts';
import { checkNewPassword } from '../../users/attributes.ts';
import type { Deps } from './deps.ts';

/** Why a password that signs in would be refused as a new one, as GoTrue tells clients; null if it would not. */
export function weaknessOf(
  { config }: Pick<Deps, 'config'>,
  password: string,
): { message: string; reasons: unknown } | null {
  try {
    checkNewPassword(password, config.passwords);
    return null;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const { message, details } = error;
    return details.reasons === undefined ? null : { message, reasons: details.reasons };
  }
}
