import { recordSecurityEvent } from '../../../../audit/security-events.ts';
import type { Database, Queryable, Transaction } from '../../../../db/client.ts';
import { isUserGone, violates } from '../../../../db/errors.ts';
import type { Deps } from '../../../../flows/shared/deps.ts';
import type { ImportReport, Place } from '../report.ts';
import type { Reason } from '../row-fault.ts';
import type { Staging } from './staging.ts';

/** What writes the rows of one run. */
export type Store = Readonly<{
  deps: Deps;
  /** A pool of one connection, which the temporary tables need. */
  db: Database;
  staging: Staging;
  report: ImportReport;
  /** The other system. */
  source: string;
  /** Whether only the report is wanted. */
  dryRun: boolean;
  /** Whether people lose their second factor. By default they are refused. */
  dropMfa: boolean;
}>;

/** What becomes of one row of a batch. */
export type Verdict<Entry> =
  | { entry: Entry; kind: 'accepted' | 'unchanged' }
  | { entry: Entry; kind: 'refused' | 'skipped'; why: Reason };

/** A batch decides about its rows, and then writes those that it accepts. */
export type BatchPlan<Entry> = Readonly<{
  /** Decides by reading. */
  judge(db: Queryable): Promise<Verdict<Entry>[]>;
  /** Writes accepted rows. Returns the rows that the database refused after all, with why. */
  write(tx: Transaction, accepted: readonly Entry[]): Promise<Verdict<Entry>[]>;
  /** What the security event counts. */
  counted: string;
}>;

const ATTEMPTS = 3;

/** Errors of a change that came between the decision and the write: an address was taken, a user deleted. */
const cameBetween = (error: unknown): boolean => violates(error, 'users_email_key') || isUserGone(error);

const entriesOf = <Entry>(verdicts: readonly Verdict<Entry>[], kind: 'accepted'): Entry[] =>
  verdicts.filter((verdict) => verdict.kind === kind).map(({ entry }) => entry);

/**
 * Runs one batch in one transaction, with one security event. A dry run only decides.
 * @returns what became of each row
 */
export async function runBatch<Entry extends Place>(
  { db, dryRun, source }: Store,
  plan: BatchPlan<Entry>,
): Promise<Verdict<Entry>[]> {
  if (dryRun) return plan.judge(db);
  const run = () =>
    db.transaction(async (tx) => {
      const verdicts = await plan.judge(tx);
      const accepted = entriesOf(verdicts, 'accepted');
      if (accepted.length === 0) return verdicts;
      const late = await plan.write(tx, accepted);
      const count = accepted.length - late.length;
      const details = { source, [plan.counted]: count };
      if (count > 0) await recordSecurityEvent(tx, { action: 'users_imported', details });
      const lateEntries = new Set(late.map(({ entry }) => entry));
      return [...verdicts.filter(({ entry }) => !lateEntries.has(entry)), ...late];
    });
  for (let attempt = 1; ; attempt++)
    try {
      return await run();
    } catch (error) {
      if (attempt === ATTEMPTS || !cameBetween(error)) throw error;
    }
}

/** Reports what was refused or skipped, and counts what was unchanged. Returns the accepted rows. */
export function settle<Entry extends Place>({ report }: Store, verdicts: readonly Verdict<Entry>[]): Entry[] {
  const inOrder = [...verdicts].sort((a, b) => a.entry.record - b.entry.record);
  for (const verdict of inOrder)
    if (verdict.kind === 'unchanged') report.counts.unchanged += 1;
    else if ('why' in verdict) report.note(verdict.entry, verdict.kind, verdict.why);
  return entriesOf(inOrder, 'accepted');
}

/** The key under which a dry run notes a person that it would import. */
export const acceptedKey = (userId: string): string => `accepted ${userId}`;
