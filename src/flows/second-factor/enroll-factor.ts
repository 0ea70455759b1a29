import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import {
  deleteUnverifiedFactors,
  hasVerifiedFactor,
  insertFactor,
  type SecondFactor,
} from '../../second-factors/factors.ts';
import {
  accountLabel,
  createTotpSecret,
  drawQrCode,
  fitsAsIssuer,
  totpUri,
} from '../../second-factors/totp.ts';
import { requireSession } from '../../sessions/sessions.ts';
import { parseName } from '../../users/attributes.ts';
import { lockUser } from '../../users/users.ts';
import type { Viewer } from '../shared/caller.ts';
import { countChange } from '../shared/count-change.ts';
import type { Deps } from '../shared/deps.ts';
import {
  type Freshness,
  type FreshnessInput,
  requireRecentSignIn,
  requireStillFresh,
} from '../shared/freshness.ts';
import { requireStepUp } from '../shared/step-up.ts';

export type EnrollFactorInput = {
  /** A name for the list of the user's authenticator apps. Empty for none. */
  name: string;
  /** How the edge spells `name`, for errors. */
  nameAttribute?: string;
  /** The name of the application in the authenticator app; empty for that of the configuration. */
  issuer?: string;
  /** Whether apps that wait for their first code are dropped: a person who begins again. Otherwise their names are taken. */
  replacesUnverified: boolean;
  /** What shows that it is the person, if the sign-in is not fresh. Not asked for unless given: clients of GoTrue cannot send it. */
  proof?: FreshnessInput;
};

/** An authenticator app that waits for its first code. The secret is shown this once. */
export type EnrolledFactor = {
  factor: SecondFactor;
  /** In base32. */
  secret: string;
  /** The `otpauth://` URI with the secret. */
  uri: string;
  /** The URI as a QR code, in SVG. */
  qrCode: string;
};

/**
 * Enrols an authenticator app for the signed-in person. It counts for nothing until they show its first code. A person who has a
 * verified second factor shows it first.
 *
 * @throws AuthError what requireRecentSignIn throws, `second_factor_required`, `max_length`, `invalid` or `factor_name_taken`
 * (name), `max_length` (issuer), `rate_limited`, `too_many_factors`, `unauthenticated` if the session has just ended
 */
export async function enrollFactor(
  deps: Deps,
  by: Viewer,
  input: EnrollFactorInput,
): Promise<EnrolledFactor> {
  requireStepUp(by);
  const { name: typed, nameAttribute = 'name', replacesUnverified } = input;
  const name = typed.trim() === '' ? null : parseName(typed, nameAttribute);
  const issuer = input.issuer || deps.config.secondFactor.totpIssuer;
  if (!fitsAsIssuer(issuer))
    throw new AuthError('max_length', { attribute: 'issuer', message: 'It does not fit into a QR code.' });
  await countChange(deps, by);
  // A thief with a stolen session could otherwise lock its owner out.
  const freshness = input.proof === undefined ? null : await requireRecentSignIn(deps, by, input.proof);
  const secret = createTotpSecret();
  const uri = totpUri({ secret, issuer, account: accountLabel(by.user) });
  const qrCode = drawQrCode(uri);
  const jwe = await deps.keyEncryption.encrypt(secret);
  const work = (tx: Transaction) => storeFactor(tx, deps, by, { name, jwe, replacesUnverified, freshness });
  const factor = await deps.db.transaction(work);
  return { factor, secret, uri, qrCode };
}

type NewFactor = {
  name: string | null;
  jwe: string;
  replacesUnverified: boolean;
  freshness: Freshness | null;
};

async function storeFactor(
  tx: Transaction,
  { keyEncryption }: Deps,
  by: Viewer,
  { name, jwe, replacesUnverified, freshness }: NewFactor,
): Promise<SecondFactor> {
  const { user, level, device } = by;
  const userId = user.id;
  if (freshness === null) await lockUser(tx, userId);
  else await requireStillFresh(tx, by, freshness);
  const sessionId = await requireSession(tx, by.sessionId);
  if (level === 'aal1' && (await hasVerifiedFactor(tx, userId)))
    throw new AuthError('second_factor_required');
  if (replacesUnverified) await deleteUnverifiedFactors(tx, userId);
  const inserted = await insertFactor(tx, keyEncryption, { userId, name, jwe });
  const details = { factorId: inserted.id };
  await recordSecurityEvent(tx, { action: 'second_factor_enrolled', userId, sessionId, device, details });
  return inserted;
}
