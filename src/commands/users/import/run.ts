import { basename } from 'node:path';
import type { ImportedPerson } from './person.ts';
import { type Fields, type Format, readRows } from './records.ts';
import type { Place } from './report.ts';
import { RowFault } from './row-fault.ts';
import { importIdentities } from './store/identities.ts';
import { importPeople, type PersonEntry } from './store/people.ts';
import { importRolesOfPeople } from './store/roles.ts';
import type { Store } from './store/store.ts';

/** Rows that one transaction writes. */
const BATCH = 500;

/** How a run reads files. */
export type Run = Readonly<{
  store: Store;
  format: Format | null;
  /** Says how far it is, once in a while. */
  progress(rows: number): void;
  /** Prints the report so far. */
  flush(): Promise<void>;
}>;

type Reading<Entry> = Readonly<{
  /** How a CSV file without a header is read. */
  columns?: (columns: readonly string[]) => Fields | null;
  /** What a cell of a CSV file means, if the other system changes texts there. */
  csvText?: (cell: string) => string;
  /** Reads a row; null for one that is not needed. @throws RowFault */
  read(row: Fields, place: Place): Entry | null;
  write(batch: readonly Entry[]): Promise<void>;
}>;

/** Reads a file and writes its rows in batches. Rows that cannot be read are reported. */
export async function inBatches<Entry>(
  { store: { report }, format, progress, flush }: Run,
  path: string,
  { columns, csvText, read, write }: Reading<Entry>,
): Promise<void> {
  const input = basename(path);
  let batch: Entry[] = [];
  const options = { format, columns: columns ?? null, csvText: csvText ?? null };
  for await (const { record, fields } of readRows(path, options)) {
    report.counts.rows += 1;
    progress(report.counts.rows);
    try {
      if (fields instanceof RowFault) throw fields;
      const entry = read(fields, { input, record });
      if (entry !== null) batch.push(entry);
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      report.note({ input, record }, error.outcome, error.reason);
    }
    if (record % BATCH === 0) await flush();
    if (batch.length < BATCH) continue;
    await write(batch);
    batch = [];
  }
  if (batch.length > 0) await write(batch);
}

type PeopleReading = Pick<Reading<never>, 'columns' | 'csvText'> &
  Readonly<{
    read(row: Fields): ImportedPerson;
    /** Adds what stands in other files. */
    complete?(batch: readonly PersonEntry[]): Promise<readonly PersonEntry[]>;
  }>;

/** Imports people, with the roles and the links that stand in their rows. */
export function importPeopleFile(run: Run, path: string, reading: PeopleReading): Promise<void> {
  const { store } = run;
  return inBatches<PersonEntry>(run, path, {
    ...(reading.columns && { columns: reading.columns }),
    ...(reading.csvText && { csvText: reading.csvText }),
    read: (row, place) => ({ ...place, person: reading.read(row) }),
    async write(batch) {
      const complete = (await reading.complete?.(batch)) ?? batch;
      const people = await importPeople(store, complete);
      const roles = people.flatMap(({ person, ...place }) =>
        person.roles.map((role) => ({ ...place, userId: person.id, role })),
      );
      const accounts = people.flatMap(({ person, ...place }) =>
        person.accounts.map((account) => ({ ...place, userId: person.id, account })),
      );
      if (roles.length > 0) await importRolesOfPeople(store, roles);
      const { unchanged } = store.report.counts;
      if (accounts.length > 0) await importIdentities(store, accounts);
      store.report.counts.unchanged = unchanged; // counts rows
    },
  });
}
