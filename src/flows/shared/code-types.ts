import type { CodePurpose } from '../../one-time-codes/one-time-codes.ts';

/**
 * The types of verification that clients of GoTrue name, and the purposes of the codes that each accepts. A sign-up and an invitation are
 * confirmed alike. `email` takes any code that signs in by an address.
 */
export const emailTypes = {
  signup: ['signup', 'invite'],
  invite: ['signup', 'invite'],
  recovery: ['recovery'],
  magiclink: ['magiclink'],
  email: ['signup', 'invite', 'magiclink'],
  email_change: ['email_change_new', 'email_change_current'],
} as const satisfies Record<string, readonly CodePurpose[]>;

export type EmailType = keyof typeof emailTypes;

/** Whether a text names a type of verification by an address. */
export const isEmailType = (type: string): type is EmailType => Object.hasOwn(emailTypes, type);

/** Whether a code confirms a sign-up or an invitation: the first proof of an address. */
export const isSignUp = (purpose: CodePurpose): boolean => purpose === 'signup' || purpose === 'invite';

/** The purposes of the codes that confirm a change of the address, one for each address. */
export type EmailChange = (typeof emailTypes.email_change)[number];

/** Whether a code confirms a change of the address. */
export const isEmailChange = (purpose: CodePurpose): purpose is EmailChange =>
  purpose === 'email_change_new' || purpose === 'email_change_current';

/** The type that clients know for the code of a purpose. */
export const typeOfPurpose = (purpose: CodePurpose): string =>
  isEmailChange(purpose) ? 'email_change' : purpose;
