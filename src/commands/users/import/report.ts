import type { Reason } from './row-fault.ts';

/** Where a row stands. */
export type Place = Readonly<{ input: string; record: number }>;

export type Outcome = 'refused' | 'skipped' | 'reported';

/** What an import counts. */
export type Counts = {
  /** Rows of all files. */
  rows: number;
  imported: number;
  importedWithoutPassword: number;
  unchanged: number;
  skipped: number;
  refused: number;
  roles: number;
  identities: number;
  sessions: number;
};

/** Counts what became of the rows, and writes a line for each row that needs a look. */
export class ImportReport {
  readonly counts: Counts = {
    ...{ rows: 0, imported: 0, importedWithoutPassword: 0, unchanged: 0, skipped: 0, refused: 0 },
    ...{ roles: 0, identities: 0, sessions: 0 },
  };
  readonly reasons = new Map<string, number>();
  readonly #write: (line: string) => void;
  readonly #asJson: boolean;

  constructor({ write, asJson }: { write: (line: string) => void; asJson: boolean }) {
    this.#write = write;
    this.#asJson = asJson;
  }

  /** Reports a row that was refused or skipped, or that was imported without a part of it. */
  note(place: Place, outcome: Outcome, why: Reason): void {
    if (outcome !== 'reported') this.counts[outcome] += 1;
    const key = `${outcome} ${why}`;
    this.reasons.set(key, (this.reasons.get(key) ?? 0) + 1);
    const { input, record } = place;
    this.#write(
      this.#asJson ? JSON.stringify({ outcome, input, record, why }) : `${outcome} ${input} ${record} ${why}`,
    );
  }

  /** Reports which id a person got. */
  pair(formerId: string, id: string): void {
    this.#write(this.#asJson ? JSON.stringify({ outcome: 'id', formerId, id }) : `id ${formerId} ${id}`);
  }

  /** A line that sums the import up, and one for each reason. */
  summary(dryRun: boolean): string {
    const reasons = Object.fromEntries([...this.reasons].sort(([a], [b]) => a.localeCompare(b)));
    if (this.#asJson) return `${JSON.stringify({ outcome: 'summary', dryRun, ...this.counts, reasons })}\n`;
    const { rows, imported, importedWithoutPassword, unchanged, skipped, refused } = this.counts;
    const { roles, identities, sessions } = this.counts;
    return [
      ...Object.entries(reasons).map(([reason, count]) => `${count} × ${reason}`),
      `${dryRun ? 'Dry run: nothing was written.\n' : ''}${rows} rows: ${imported} imported, ${importedWithoutPassword} of them without a password; ` +
        `${unchanged} unchanged, ${skipped} skipped, ${refused} refused; ${roles} roles, ${identities} identities, ${sessions} sessions.`,
      '',
    ].join('\n');
  }
}
