import type { CaptchaConfig, CaptchaPurpose } from '../config/config.ts';
import { AuthError } from '../errors.ts';
import type { Log } from '../log.ts';

export type Solution = {
  token: string;
  address: string | null;
  /** How the edge spells the token, for errors; `captchaToken` by default. */
  attribute?: string | undefined;
};

/** How GraphQL spells the token of a solution. */
export const CAPTCHA_ATTRIBUTE = 'captchaToken';

export type Captcha = {
  /** Whether a captcha is configured. */
  isConfigured: boolean;
  /** Tells whether every call of this operation needs a captcha. */
  isRequiredFor(purpose: CaptchaPurpose): boolean;
  /**
   * Checks a solution at the provider, which accepts each solution once.
   * @throws AuthError `required` or `captcha_failed` (the attribute); `busy` while too many checks run; `unavailable` if the
   * provider does not decide: a client that can disturb the provider must not get past it
   */
  demand(solution: Solution): Promise<void>;
};

const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** How many solutions are checked at once. While a provider is slow, invalid solutions must not fill the whole gateway. */
const MAX_CHECKS = 100;
/** Providers issue tokens of at most 2,048 characters (Turnstile) or a little more (hCaptcha). */
const MAX_TOKEN_LENGTH = 8_192;

/** Error codes of the provider that blame the gateway, not the person. */
const CONFIGURATION_ERRORS =
  /^(?:(?:missing|invalid)-input-secret|invalid-or-missing-secret|bad-request|internal-error|sitekey-secret-mismatch)$/;

type Verdict = { success: boolean; 'error-codes'?: unknown };

const isVerdict = (answer: unknown): answer is Verdict =>
  typeof answer === 'object' && answer !== null && 'success' in answer && typeof answer.success === 'boolean';

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error('The answer is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Asks the provider. Both providers take the same form and answer in the same shape (their `siteverify` documentation). */
async function ask(
  { provider, secret, siteKey, verifyUrl }: CaptchaConfig,
  { token, address }: { token: string; address: string | null },
): Promise<Verdict> {
  const body = new URLSearchParams({ secret, response: token });
  if (provider === 'hcaptcha') body.set('sitekey', siteKey);
  if (address !== null) body.set('remoteip', address);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(verifyUrl, { method: 'POST', body, redirect: 'error', signal });
  const text = await readBounded(response);
  // Some refusals come with status 400.
  if (response.status >= 500) throw new Error(`The provider answered ${response.status}.`);
  const verdict: unknown = JSON.parse(text);
  if (!isVerdict(verdict)) throw new Error('The answer is not a verdict.');
  const codes = [verdict['error-codes'] ?? []].flat().map(String);
  if (!verdict.success && codes.some((code) => CONFIGURATION_ERRORS.test(code)))
    throw new Error('The provider refuses the request itself. Check CAPTCHA_SECRET and CAPTCHA_SITE_KEY.');
  if (verdict.success && !response.ok) throw new Error(`The provider answered ${response.status}.`);
  return verdict;
}

/** Creates the captcha of Turnstile or hCaptcha. Without a configuration it accepts every call. */
export function createCaptcha(config: CaptchaConfig | null, log: Log): Captcha {
  if (config === null) return { isConfigured: false, isRequiredFor: () => false, demand: async () => {} };
  let checks = 0;
  return {
    isConfigured: true,
    isRequiredFor: (purpose) => config.purposes.includes(purpose),
    async demand(solution) {
      const { attribute = CAPTCHA_ATTRIBUTE } = solution;
      if (solution.token === '') throw new AuthError('required', { attribute });
      if (solution.token.length > MAX_TOKEN_LENGTH || !solution.token.isWellFormed())
        throw new AuthError('captcha_failed', { attribute });
      if (checks >= MAX_CHECKS) throw new AuthError('busy', { retryAfterSeconds: 1 });
      checks += 1;
      const verdict = await ask(config, solution)
        .catch((error: unknown) => {
          log.warn({ provider: config.provider, reason: reasonOf(error) }, 'A captcha could not be checked.');
          throw new AuthError('unavailable', { retryAfterSeconds: 5 });
        })
        .finally(() => {
          checks -= 1;
        });
      if (!verdict.success) throw new AuthError('captcha_failed', { attribute });
    },
  };
}

/** Describes what went wrong, without data that was sent or received: the message of a parser quotes its text. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error instanceof SyntaxError) return 'The answer is not JSON.';
  const { cause } = error as { cause?: { code?: unknown } };
  if (typeof cause?.code === 'string' && /^[A-Z0-9_]+$/.test(cause.code)) return cause.code;
  return error.message;
}
