import { sql } from 'drizzle-orm';
import type { Queryable, Transaction } from '../../../../db/client.ts';
import { passwords, users } from '../../../../db/tables/users.ts';
import { storeSignerKey } from '../../../../keys/password-signer-keys.ts';
import type { ImportedPerson } from '../person.ts';
import type { Place } from '../report.ts';
import { findImported, remember, toRows } from './known.ts';
import { rowsOf } from './staging.ts';
import { acceptedKey, runBatch, type Store, settle, type Verdict } from './store.ts';

export type PersonEntry = Place & Readonly<{ person: ImportedPerson }>;

/** The key under which a run notes that a person had a second factor. */
export const factorKey = (userId: string): string => `factor ${userId}`;

type Verdicts = Verdict<PersonEntry>[];

/**
 * Writes people with their passwords. A person who was imported before stays as they are now, and one who was deleted here stays
 * deleted.
 * @returns the people who exist now, for what belongs to them
 */
export async function importPeople(store: Store, batch: readonly PersonEntry[]): Promise<PersonEntry[]> {
  const { staging, dryRun } = store;
  const { first, repeated } = await takeIds(store, batch);
  const factors = await staging.findClaimed(first.map(({ person }) => factorKey(person.id)));
  const verdicts = await runBatch(store, {
    counted: 'users',
    judge: (db) => judge(store, db, { batch: first, factors }),
    write: (tx, accepted) => write(store, tx, accepted),
  });
  const decided = dryRun ? await withoutTakenAddresses(store, verdicts) : verdicts;
  const accepted = settle(store, [...decided, ...repeated]);
  for (const entry of accepted) count(store, entry, factors);
  const unchanged = decided.filter(({ kind }) => kind === 'unchanged').map(({ entry }) => entry);
  return [...accepted, ...unchanged];
}

/** The first row of each id counts. */
async function takeIds({ staging }: Store, batch: readonly PersonEntry[]) {
  const claimed = await staging.claim(batch.map(({ person }) => `id ${person.id}`));
  const first: PersonEntry[] = [];
  const repeated: Verdicts = [];
  for (const entry of batch)
    if (claimed.delete(`id ${entry.person.id}`)) first.push(entry);
    else repeated.push({ entry, kind: 'refused', why: 'duplicate_id' });
  return { first, repeated };
}

async function judge(
  { dropMfa }: Store,
  db: Queryable,
  { batch, factors }: { batch: readonly PersonEntry[]; factors: ReadonlySet<string> },
): Promise<Verdicts> {
  const ids = batch.map(({ person }) => person.id);
  const known = await findImported(db, 'user', ids);
  const existing = await findIds(db, ids);
  const taken = await findTakenEmails(
    db,
    batch.map(({ person }) => person.email),
  );
  return batch.map((entry) => {
    const { person } = entry;
    const isThere = existing.has(person.id);
    if (known.has(person.id))
      return isThere ? { entry, kind: 'unchanged' } : { entry, kind: 'skipped', why: 'deleted_here' };
    if (isThere) return { entry, kind: 'refused', why: 'duplicate_id' };
    if (taken.has(person.email)) return { entry, kind: 'refused', why: 'duplicate_email' };
    if (hadFactor(entry, factors) && !dropMfa) return { entry, kind: 'refused', why: 'mfa_lost' };
    return { entry, kind: 'accepted' };
  });
}

const hadFactor = ({ person }: PersonEntry, factors: ReadonlySet<string>): boolean =>
  person.hasSecondFactor || factors.has(factorKey(person.id));

async function findIds(db: Queryable, ids: readonly string[]): Promise<Set<string>> {
  const found = await db.execute<{ id: string }>(
    sql`select id from ${users} where id in (select value::uuid from ${rowsOf(ids)})`,
  );
  return new Set(found.map(({ id }) => id));
}

/** An older account may have another spelling of a canonical address. */
async function findTakenEmails(db: Queryable, emails: readonly string[]): Promise<Set<string>> {
  const found = await db.execute<{ email: string }>(sql`
    select coalesce(canonical_email, email) as email from ${users}
    where email in (select value from ${rowsOf(emails)}) or canonical_email in (select value from ${rowsOf(emails)})`);
  return new Set(found.map(({ email }) => email));
}

/** In a dry run no address is written, so that the run itself keeps them. */
async function withoutTakenAddresses({ staging }: Store, verdicts: Verdicts): Promise<Verdicts> {
  const accepted = verdicts.filter(({ kind }) => kind === 'accepted');
  const claimed = await staging.claim(accepted.map(({ entry }) => `email ${entry.person.email}`));
  const decided = verdicts.map((verdict): Verdict<PersonEntry> => {
    if (verdict.kind !== 'accepted' || claimed.delete(`email ${verdict.entry.person.email}`)) return verdict;
    return { entry: verdict.entry, kind: 'refused', why: 'duplicate_email' };
  });
  const people = decided.filter(({ kind }) => kind === 'accepted').map(({ entry }) => entry.person);
  await staging.claim(
    people.flatMap(({ id, isDisabled }) => [acceptedKey(id), ...(isDisabled ? [`disabled ${id}`] : [])]),
  );
  return decided;
}

const notAfterNow = (date: Date): Date => new Date(Math.min(date.getTime(), Date.now()));

async function write({ deps }: Store, tx: Transaction, accepted: readonly PersonEntry[]): Promise<Verdicts> {
  const rows = accepted.map(({ person }, place) => {
    const created_at = notAfterNow(person.createdAt);
    const verified_at = person.isVerified ? notAfterNow(person.verifiedAt ?? created_at) : null;
    const { id, email, name, isDisabled } = person;
    return { place, id, email, name, created_at, verified_at, is_disabled: isDisabled };
  });
  // The database may know fewer characters than the gateway: then a person has no name.
  const inserted = await tx.execute<{ id: string }>(sql`
    insert into ${users} (id, email, name, created_at, email_verified_at, disabled_at)
    select r.id, r.email, case when portcullis.is_name(r.name) then r.name end, r.created_at, r.verified_at,
      case when r.is_disabled then now() end
    from jsonb_to_recordset(${toRows(rows)}) as r(place int, id uuid, email text, name text,
      created_at timestamptz, verified_at timestamptz, is_disabled boolean)
    order by place on conflict do nothing returning id`);
  const ids = new Set(inserted.map(({ id }) => id));
  const people = accepted.map(({ person }) => person).filter(({ id }) => ids.has(id));
  for (const key of distinctKeys(people)) await storeSignerKey(tx, deps.keyEncryption, key);
  await writePasswords(tx, people);
  await remember(
    tx,
    'user',
    people.map(({ id }) => ({ key: id, userId: id })),
  );
  return accepted
    .filter(({ person }) => !ids.has(person.id))
    .map((entry) => ({ entry, kind: 'refused', why: 'duplicate_email' }));
}

const distinctKeys = (people: readonly ImportedPerson[]): Buffer[] => [
  ...new Map(
    people.flatMap(({ password: { signerKey } }) =>
      signerKey === null ? [] : [[signerKey.toString('hex'), signerKey] as const],
    ),
  ).values(),
];

/** A password counts as proven if the other system had verified the address, as those of version 0.1 do. */
async function writePasswords(tx: Transaction, people: readonly ImportedPerson[]): Promise<void> {
  const rows = people.flatMap(({ id, password: { hash } }) => (hash === null ? [] : [{ id, hash }]));
  await tx.execute(sql`
    insert into ${passwords} (user_id, hash, proven_at)
    select r.id, r.hash, u.email_verified_at
    from jsonb_to_recordset(${toRows(rows)}) as r(id uuid, hash text) join ${users} u on u.id = r.id`);
}

function count({ report, dropMfa }: Store, entry: PersonEntry, factors: ReadonlySet<string>): void {
  const { person } = entry;
  report.counts.imported += 1;
  if (person.password.hash === null) report.counts.importedWithoutPassword += 1;
  if (person.password.unsupported) report.note(entry, 'reported', 'hash_unsupported');
  if (dropMfa && hadFactor(entry, factors)) report.note(entry, 'reported', 'mfa_lost');
  for (const note of person.notes) report.note(entry, 'reported', note);
  if (person.formerId !== null) report.pair(person.formerId, person.id);
}
