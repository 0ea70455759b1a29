/** Asks a provider's API with the access token of a person. @throws ProviderError */
export type Ask = (url: string) => Promise<unknown>;

/** Who a person is at a provider. */
export type ProviderAccount = Readonly<{
  /** Who says so: the `iss` of the provider. */
  issuer: string;
  /** Identifies the person at the issuer, for ever. */
  subject: string;
  /** Null if the provider names none. */
  email: string | null;
  /** Whether the provider stands for the address: see the table in README.md. */
  emailVerified: boolean;
  name: string | null;
  /** What GoTrue shows as `identity_data`. */
  profile: Readonly<Record<string, unknown>>;
}>;

/** The tokens of a provider, by which the application may call its API. */
export type ProviderTokens = Readonly<{ accessToken: string; refreshToken: string | null }>;

type Named = Omit<ProviderAccount, 'profile'> & {
  picture: string | null;
  userName?: string | null;
  /** Shown as they are. */
  custom?: Readonly<Record<string, string | null>>;
};

const withoutNulls = (values: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));

/** Makes an account with the profile that GoTrue's clients expect. */
export function toAccount({ picture, userName = null, custom = {}, ...account }: Named): ProviderAccount {
  const { issuer, subject, email, emailVerified, name } = account;
  const customClaims = withoutNulls(custom);
  const profile = withoutNulls({
    avatar_url: picture,
    custom_claims: Object.keys(customClaims).length === 0 ? null : customClaims,
    email,
    email_verified: emailVerified,
    full_name: name,
    iss: issuer,
    name,
    phone_verified: false,
    picture,
    preferred_username: userName,
    provider_id: subject,
    sub: subject,
    user_name: userName,
  });
  return { ...account, profile };
}
