import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Queryable, Transaction } from '../../../../db/client.ts';
import { identities } from '../../../../db/tables/identities.ts';
import type { LinkedAccount } from '../person.ts';
import { isKnownProvider } from '../providers.ts';
import type { Place } from '../report.ts';
import { findImported, findImportedUsers, remember, toRows } from './known.ts';
import { runBatch, type Store, settle, type Verdict } from './store.ts';

export type IdentityEntry = Place & Readonly<{ userId: string; account: LinkedAccount }>;

const keyOf = ({ account: { provider, subject } }: IdentityEntry): string => `${provider} ${subject}`;

const MAX_LENGTH = 255;
const MAX_EMAIL_LENGTH = 254;

/** Links imported people to their accounts at providers. Links to providers that the gateway does not know are kept, and reported. */
export async function importIdentities(store: Store, batch: readonly IdentityEntry[]): Promise<void> {
  const { report } = store;
  for (const entry of batch)
    if (!isKnownProvider(entry.account.provider)) report.note(entry, 'reported', 'unknown_provider');
  const verdicts = await runBatch(store, {
    counted: 'identities',
    judge: (db) => judge(store, db, batch),
    write,
  });
  // The note above is enough for these.
  const isNoted = ({ entry, kind }: Verdict<IdentityEntry>) =>
    kind === 'refused' && !isKnownProvider(entry.account.provider);
  const accepted = settle(
    store,
    verdicts.filter((verdict) => !isNoted(verdict)),
  );
  report.counts.identities += accepted.length;
}

async function judge(
  store: Store,
  db: Queryable,
  batch: readonly IdentityEntry[],
): Promise<Verdict<IdentityEntry>[]> {
  const people = await findImportedUsers(
    store,
    db,
    batch.map(({ userId }) => userId),
  );
  const known = await findImported(db, 'identity', batch.map(keyOf));
  return batch.map((entry) => {
    const { account, userId } = entry;
    if (!people.has(userId)) return { entry, kind: 'refused', why: 'unknown_user' };
    if (account.provider.length > MAX_LENGTH || account.subject.length > MAX_LENGTH)
      return { entry, kind: 'refused', why: 'bad_row' };
    const owner = known.get(keyOf(entry));
    if (owner !== undefined && owner !== userId) return { entry, kind: 'refused', why: 'duplicate_identity' };
    if (owner !== undefined) return { entry, kind: 'unchanged' };
    known.set(keyOf(entry), userId);
    return { entry, kind: 'accepted' };
  });
}

async function write(tx: Transaction, accepted: readonly IdentityEntry[]): Promise<Verdict<IdentityEntry>[]> {
  const rows = accepted.map(({ userId, account: { provider, subject, email, createdAt } }) => ({
    ...{ id: uuidv7(), user_id: userId, provider, subject },
    email: email !== null && email.length <= MAX_EMAIL_LENGTH ? email : null,
    created_at: createdAt,
  }));
  const inserted = await tx.execute<{ key: string }>(sql`
    insert into ${identities} (id, user_id, provider, subject, email, created_at)
    select r.id, r.user_id, r.provider, r.subject, r.email, least(coalesce(r.created_at, now()), now())
    from jsonb_to_recordset(${toRows(rows)}) as r(id uuid, user_id uuid, provider text, subject text, email text,
      created_at timestamptz)
    on conflict do nothing returning provider || ' ' || subject as key`);
  const keys = new Set(inserted.map(({ key }) => key));
  const written = accepted.filter((entry) => keys.has(keyOf(entry)));
  await remember(
    tx,
    'identity',
    written.map((entry) => ({ key: keyOf(entry), userId: entry.userId })),
  );
  return accepted
    .filter((entry) => !keys.has(keyOf(entry)))
    .map((entry) => ({ entry, kind: 'refused', why: 'duplicate_identity' }));
}
