import type { Config } from '../../config/config.ts';
import type { MadeCode } from '../../one-time-codes/one-time-codes.ts';
import { typeOfPurpose } from './code-types.ts';

/** The page that asks before a mailed link does something. It is there even if the GoTrue dialect is off. */
export const LINK_PAGE = '/mail/link';

/** Characters of a redirect target that would end it within the link. GoTrue escapes a target only if it has one of them. */
const ENDS_PARAMETER = /[&=#+%]/;

/**
 * Returns the link of a code. It opens `/verify` of the GoTrue dialect, or a page of the gateway if that dialect is off. Its redirect
 * target is checked again when the link is opened.
 */
export function codeLink(
  { publicUrl, dialects }: Pick<Config, 'publicUrl' | 'dialects'>,
  { token, purpose, redirectTo }: Pick<MadeCode, 'token' | 'purpose'> & { redirectTo: string },
): string {
  const path = dialects.includes('gotrue') ? '/verify' : LINK_PAGE;
  const target = ENDS_PARAMETER.test(redirectTo) ? encodeURIComponent(redirectTo) : redirectTo;
  return `${publicUrl}${path}?token=${token}&type=${typeOfPurpose(purpose)}&redirect_to=${target}`;
}
