import { AuthError } from '../../errors.ts';

/** Returns the address or the number that the client named. @throws AuthError `required`, `invalid` */
export function recipientOf(input: {
  email?: string | null | undefined;
  phone?: string | null | undefined;
}): { email: string } | { phone: string } {
  const { email = null, phone = null } = input;
  if (email !== null && phone !== null)
    throw new AuthError('invalid', {
      attribute: 'phone',
      message: 'Give an email address or a phone number.',
    });
  if (phone !== null) return { phone };
  if (email !== null) return { email };
  throw new AuthError('required', { attribute: 'email' });
}
