import { decodeJwt } from 'jose';
import { Secret, TOTP } from 'otpauth';
import { expect } from 'vitest';
import { bearer, type SignedInAnswer, type TestGateway } from '../support/gateway.ts';

const AUTH = 'accessToken refreshToken teamToken expiresAt secondFactorRequired user { id email }';

export const LOGIN = `mutation Login($input: LoginInput!) { login(input: $input) { ${AUTH} } }`;
const ENROLL = /* GraphQL */ `
  mutation Enroll($input: TotpEnrollInput) {
    totpEnroll(input: $input) { uri secret qrCode factor { id name verifiedAt } }
  }
`;
const ACTIVATE = `mutation Activate($input: TotpActivateInput!) { totpActivate(input: $input) { recoveryCodes auth { ${AUTH} } } }`;
export const DISABLE = 'mutation Disable($input: TotpDisableInput!) { totpDisable(input: $input) { ok } }';
export const FINISH = `mutation Finish($input: SignInWithTotpInput!) { signInWithTotp(input: $input) { ${AUTH} } }`;
export const RENEW =
  'mutation Renew($input: RecoveryCodesInput!) { recoveryCodes(input: $input) { recoveryCodes } }';
export const REFRESH = `mutation Refresh($input: RefreshInput) { refresh(input: $input) { ${AUTH} } }`;

export type Auth = SignedInAnswer & { secondFactorRequired: boolean };
type Enrolled = {
  uri: string;
  secret: string;
  qrCode: string;
  factor: { id: string; name: string | null; verifiedAt: string | null };
};
/** A person with an authenticator app: the tokens of the session that activated it, and what the app needs. */
export type Protected = Auth & { secret: string; recoveryCodes: string[]; factorId: string };

/** The code that an authenticator app shows, so many steps of 30 seconds from now. */
export const codeOf = (secret: string, steps = 0): string =>
  TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: Date.now() + steps * 30_000 });

/** A code of six digits that the app shows in none of the accepted steps. */
export function wrongCodeOf(secret: string): string {
  const shown = [-2, -1, 0, 1, 2].map((steps) => codeOf(secret, steps));
  for (let code = 0; ; code++) {
    const text = String(code).padStart(6, '0');
    if (!shown.includes(text)) return text;
  }
}

/** Forgets the used steps of all apps of a person, as if some time had passed. */
export const letTimePass = async ({ sql }: TestGateway, userId: string): Promise<void> => {
  await sql`update portcullis_private.second_factors set last_step = null where user_id = ${userId}`;
};

export const enroll = async (
  gateway: TestGateway,
  { accessToken }: Pick<SignedInAnswer, 'accessToken'>,
  input: Record<string, unknown> = {},
): Promise<Enrolled> =>
  (await gateway.graphql<{ totpEnroll: Enrolled }>(ENROLL, { input }, bearer(accessToken))).totpEnroll;

export async function activate(
  gateway: TestGateway,
  { accessToken }: Pick<SignedInAnswer, 'accessToken'>,
  code: string,
): Promise<{ recoveryCodes: string[] | null; auth: Auth }> {
  const answer = await gateway.graphql<{ totpActivate: { recoveryCodes: string[] | null; auth: Auth } }>(
    ACTIVATE,
    { input: { code } },
    bearer(accessToken),
  );
  return answer.totpActivate;
}

/** Adds an authenticator app to the account of a signed-in person. Its used step is forgotten. */
export async function protect(
  gateway: TestGateway,
  signedIn: Pick<SignedInAnswer, 'accessToken' | 'user'>,
): Promise<Protected> {
  const { secret, factor } = await enroll(gateway, signedIn);
  const { auth, recoveryCodes } = await activate(gateway, signedIn, codeOf(secret));
  await letTimePass(gateway, signedIn.user.id);
  return { ...auth, secret, recoveryCodes: recoveryCodes ?? [], factorId: factor.id };
}

export const logInFirst = async (
  gateway: TestGateway,
  { email, password }: { email: string; password: string },
): Promise<Auth> => (await gateway.graphql<{ login: Auth }>(LOGIN, { input: { email, password } })).login;

export const finish = async (gateway: TestGateway, input: Record<string, unknown>): Promise<Auth> =>
  (await gateway.graphql<{ signInWithTotp: Auth }>(FINISH, { input })).signInWithTotp;

/** The claims for Hasura in a token; undefined without them. */
export const hasuraClaims = (token: string) =>
  decodeJwt(token)['https://hasura.io/jwt/claims'] as Record<string, string> | undefined;

/** The errors of a request with one that has this code, on any attribute. */
export const coded = (code: string) => [
  expect.objectContaining({ extensions: expect.objectContaining({ code }) as unknown }),
];

/** The errors of a request that shows a wrong code on an attribute. */
export const wrong = (attribute: string) => [
  expect.objectContaining({ extensions: { code: 'invalid_second_factor', attribute } }),
];
