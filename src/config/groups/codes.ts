import { flag, seconds } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';
import { isProduction } from './server.ts';

/** Mailed codes and links by which a person signs in. */
export const codeVariables = {
  MAIL_CODE_TTL: variable({
    parser: seconds(1, 86_400),
    default: '3600',
    description: 'Seconds for which a mailed code, and the link of the same mail, can be used.',
  }),
  MAGIC_LINK: variable({
    parser: flag(),
    default: 'on',
    description:
      '`off` refuses to mail codes and links that sign in. Those of a sign-up and of a recovery remain.',
  }),
  LINK_CONFIRMATION: variable({
    parser: flag(),
    description:
      '`on` lets a mailed link of `/verify` open a page with a button, so that mail scanners do not use it up. `off` signs in at once, as GoTrue does.',
    shownDefault: 'off; on in production',
  }),
};

export const codeConfig = (e: Environment) => ({
  codes: {
    /** How long a mailed code works. */
    mailSeconds: e.MAIL_CODE_TTL,
    /** Whether a code or link may be mailed that only signs in. */
    magicLink: e.MAGIC_LINK,
    /** Whether a mailed link asks before it does something. */
    linkConfirmation: e.LINK_CONFIRMATION ?? isProduction(e),
  },
});
