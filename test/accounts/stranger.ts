import { LOGIN, logIn, PUBLIC_URL, type SignedInAnswer } from '../support/gateway.ts';
import { type Accounts, codeOf, join, type Member, VERIFY } from './accounts.ts';

/**
 * Signs a stranger up with the address of another person's mailbox. The owner of the mailbox gets the verification
 * mail. Returns its token and page, and what the stranger and the owner can do.
 */
export async function joinStranger(accounts: Accounts) {
  const { gateway } = accounts;
  const member = await join(accounts, { teamName: 'Trap' });
  const { token, link } = await accounts.mail(member.email, 'verify-email');
  return {
    ...member,
    ...{ token, path: link.slice(PUBLIC_URL.length) },
    verify: (input: object, headers = {}): Promise<SignedInAnswer> =>
      gateway
        .graphql<{ verifyEmail: SignedInAnswer }>(VERIFY, { input: { token, ...input } }, headers)
        .then(({ verifyEmail }) => verifyEmail),
    refusedVerify: (input: object, headers = {}) =>
      codeOf(gateway.failure(VERIFY, { input: { token, ...input } }, headers)),
    /** Follows the API's link. Without a session of the account, this suspends the password. */
    async follow(headers = {}) {
      const response = await fetch(`${gateway.url}/api/verify-email/${token}`, { headers });
      const body = (await response.json()) as Record<string, string | null>;
      return { status: response.status, body };
    },
    signInAgain: () => logIn(gateway, member),
  };
}

export type Stranger = Awaited<ReturnType<typeof joinStranger>>;

/** The error code of a refused login. */
export const refusedLogin = (
  { gateway }: Accounts,
  { email, password }: Pick<Member, 'email' | 'password'>,
) => codeOf(gateway.failure(LOGIN, { input: { email, password } }));
