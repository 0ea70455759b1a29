import { describeInconsistency } from '../engine.ts';
import type { EngineAccess } from '../engine-http.ts';
import { type Backup, writeBackup } from './backup.ts';
import {
  type Exported,
  exportMetadata,
  type Inconsistency,
  type Outcome,
  replaceMetadata,
} from './engine-metadata.ts';
import { facts } from './facts.ts';
import type { Plan } from './plan.ts';
import { InstallRefusal } from './refusal.ts';

export type SendInput = {
  engine: EngineAccess;
  exported: Exported;
  baseline: readonly Inconsistency[];
  plan: Plan;
  /** Whether the engine must introspect the gateway before it reads the role SDLs. */
  reload: boolean;
  backupFolder: string | null;
};

/** What was sent: the backup's path, and what is inconsistent now. Null if another client changed the metadata first. */
export type Sent = { backup: string; inconsistent: readonly Inconsistency[] } | null;

/**
 * Sends the plan. The engine takes it as a whole or not at all. If objects of theirs were inconsistent before, the engine cannot
 * be strict; then anything that becomes inconsistent puts the old metadata back.
 * @throws InstallRefusal if the engine refuses, or if something of theirs would be inconsistent
 */
export async function sendPlan(input: SendInput): Promise<Sent> {
  const { engine, exported, baseline, plan, reload } = input;
  const backup = await writeBackup(exported.metadata, input.backupFolder, new Date());
  const outcome = await replaceMetadata(engine, {
    resourceVersion: exported.resourceVersion,
    metadata: plan.metadata,
    allowInconsistent: baseline.length > 0,
    reload: reload ? facts.remoteSchema : null,
  }).catch((error: Error) => {
    throw new InstallRefusal(
      `The answer of the engine did not come, so it may have the new metadata or the old. Run the command again. The backup is ${backup.path}.`,
      [error.message],
    );
  });
  if (outcome.kind === 'done') return verify(input, backup, outcome.inconsistent);
  await backup.discard();
  if (outcome.kind === 'conflict') return null;
  const reasons = reasonsOf(outcome);
  throw new InstallRefusal(`The engine refuses, and nothing was changed: ${outcome.reason}`, [
    ...reasons,
    ...adviceOn([outcome.reason, ...reasons]),
  ]);
}

/** A name that the engine found twice, although the comparison of names did not: the option that resolves it. */
const CONFLICTS: readonly [RegExp, string][] = [
  [
    /conflicting definitions in the selection set|node .* already exists|more than once across all sources/i,
    'A root field has two owners: --namespace <name> gives that of Portcullis another place.',
  ],
  [
    /found conflicting definitions for/i,
    'A type has two owners: --type-prefix <prefix> gives the types of Portcullis other names.',
  ],
];

const adviceOn = (reasons: readonly string[]): string[] =>
  CONFLICTS.flatMap(([pattern, advice]) => (reasons.some((reason) => pattern.test(reason)) ? [advice] : []));

const reasonsOf = ({ inconsistent }: { inconsistent: readonly Inconsistency[] }): string[] =>
  inconsistent.map(describeInconsistency);

/** Checks what the engine made of the metadata: theirs must be as it was, and nothing newly inconsistent. */
async function verify(
  input: SendInput,
  backup: Backup,
  inconsistent: readonly Inconsistency[],
): Promise<Sent> {
  const { engine, baseline, plan } = input;
  const after = await exportMetadata(engine).catch((error: Error) => {
    throw new InstallRefusal(
      `The engine has the new metadata, and was not compared with before. Run the command again. The backup is ${backup.path}.`,
      [error.message, ...inconsistent.map(describeInconsistency)],
    );
  });
  const changed = plan.foreignChanges(after.metadata);
  if (changed.length > 0)
    throw new InstallRefusal(
      `Installed, but objects of yours differ from before. Another client may have changed them in the same moment. The backup is ${backup.path}.`,
      changed,
    );
  const known = baseline.map(({ key }) => key);
  const broken = inconsistent.filter(({ key }) => !known.includes(key));
  if (broken.length === 0) return { backup: backup.path, inconsistent };
  const restored = await putBack(input, after).catch(() => null);
  if (restored?.kind === 'done') await backup.discard();
  throw new InstallRefusal(
    restored?.kind === 'done'
      ? 'Not installed: these objects would be inconsistent. The metadata is as before.'
      : `These objects are inconsistent now, and the old metadata could not be put back. The backup is ${backup.path}.`,
    [...broken.map(describeInconsistency), ...adviceOn(broken.map(({ reason }) => reason))],
  );
}

const putBack = ({ engine, exported }: SendInput, { resourceVersion }: Exported): Promise<Outcome> =>
  replaceMetadata(engine, {
    resourceVersion,
    metadata: exported.metadata,
    allowInconsistent: true,
    reload: null,
  });
