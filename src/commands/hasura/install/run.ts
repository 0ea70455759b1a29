import { describeInconsistency } from '../engine.ts';
import type { EngineAccess } from '../engine-http.ts';
import { exportMetadata, type Inconsistency, readBaseline, readCronTriggerNames } from './engine-metadata.ts';
import { facts } from './facts.ts';
import { gatewaySchema, generateFor, isOurSchema } from './generated.ts';
import type { JsonObject } from './json.ts';
import { objectsOf, textOf } from './json.ts';
import type { InstallOptions } from './options.ts';
import { isOurRemoteSchema } from './place.ts';
import { type Plan, planChanges } from './plan.ts';
import { type EngineConfig, findingsOnConfig, readEngineConfig } from './probes/engine-config.ts';
import type { Finding } from './probes/finding.ts';
import { findingsOnGateway } from './probes/gateway.ts';
import { type Mint, withMint } from './probes/mint.ts';
import { findingsOnAnonymous, findingsOnTokens } from './probes/tokens.ts';
import { InstallRefusal } from './refusal.ts';
import { readRemoteSchemas } from './remote-schemas.ts';
import { reportChanges, reportFindings, reportNotes } from './report.ts';
import { sendPlan } from './send.ts';

/** What the command needs to know of the gateway's configuration. */
type Gateway = { unauthorizedRole: string; roles: readonly string[] };

/** How often the command starts again because the metadata changed in the same moment. */
const MAX_REPETITIONS = 3;

type Job = { engine: EngineAccess; options: InstallOptions; gateway: Gateway; env: NodeJS.ProcessEnv };
type Done = { plan: Plan; notes: string[]; backup: string | null; inconsistent: readonly Inconsistency[] };

/**
 * Installs, upgrades or removes Portcullis on an engine.
 * @returns the report, as text
 * @throws InstallRefusal if something stands in the way, EngineError if the engine cannot be used
 */
export function runInstall(job: Job): Promise<string> {
  // A removal must not need a database that may be gone.
  const withSigner: typeof withMint = job.options.remove ? (_env, run) => run(null, '') : withMint;
  return withSigner(job.env, async (mint, missing) => {
    const config = await readEngineConfig(job.engine);
    const findings = job.options.remove ? [] : await probe(job, config, { mint, missing });
    const refusals = findings.filter(({ level }) => level === 'refuse').map(({ text }) => text);
    if (refusals.length > 0 && !job.options.dryRun)
      throw new InstallRefusal(
        'Not installed: the gateway would believe user ids of another issuer.',
        refusals,
      );
    const done = await change(job, config);
    const after =
      job.options.dryRun || job.options.remove
        ? []
        : await findingsOnGateway(job.engine, gatewayIn(job, done, mint));
    const lines = [
      ...reportChanges(done.plan.changes),
      ...reportNotes(done.notes),
      ...reportFindings([...findings, ...after]),
      ...conclusion(job, done),
    ];
    if (refusals.length > 0)
      throw new InstallRefusal(
        `${lines.join('\n')}\nIt would refuse to install: the gateway would believe user ids of another issuer.`,
        refusals,
      );
    return `${lines.join('\n')}\n`;
  });
}

async function probe(
  { engine, gateway }: Job,
  config: EngineConfig | null,
  signing: { mint: Mint | null; missing: string },
): Promise<Finding[]> {
  return [
    ...findingsOnConfig(config, signing.mint?.tokens ?? null),
    ...(await findingsOnAnonymous(engine, gateway.unauthorizedRole)),
    ...(await findingsOnTokens(engine, config, signing)),
  ];
}

const gatewayIn = ({ gateway }: Job, { plan }: Done, mint: Mint | null) => ({
  namespace: plan.target.namespace,
  unauthorizedRole: gateway.unauthorizedRole,
  issuer: mint?.tokens.issuer ?? null,
});

/** Plans and sends. If the metadata changed in between, it starts again. */
async function change(job: Job, config: EngineConfig | null): Promise<Done> {
  for (let repetition = 0; repetition <= MAX_REPETITIONS; repetition++) {
    const done = await changeOnce(job, config);
    if (done !== null) return done;
  }
  throw new InstallRefusal(
    'Nothing was changed: the engine’s metadata changed at each attempt. Run the command again.',
  );
}

async function changeOnce(
  { engine, options, gateway }: Job,
  config: EngineConfig | null,
): Promise<Done | null> {
  const exported = await exportMetadata(engine);
  const { metadata } = exported;
  const known = await readRemoteSchemas(engine, metadata);
  const plan = planChanges({
    ...{ metadata, options, generate: (source) => generateFor(source, gateway.roles) },
    unauthorizedRole: gateway.unauthorizedRole,
    schemas: new Map([...known.schemas, [facts.remoteSchema, gatewaySchema]]),
    defaultConvention: config?.default_naming_convention || 'hasura-default',
    hiddenCronTriggers: await hiddenCronTriggers(engine, metadata),
  });
  const notes = [...plan.notes, ...(options.remove ? [] : known.unseen)];
  const installed = objectsOf(metadata.remote_schemas).some(isOurRemoteSchema);
  const present = known.schemas.get(facts.remoteSchema);
  const isKnown = present !== undefined && isOurSchema(present);
  const isStale = installed && !options.remove && !isKnown;
  if (isStale)
    plan.changes.push({
      kind: 'change',
      path: `remote schema ${facts.remoteSchema}, as the engine last read it`,
    });
  const baseline = await readBaseline(engine);
  if (options.dryRun || plan.changes.length === 0)
    return { plan, notes, backup: null, inconsistent: baseline };
  const reload = installed && !options.remove;
  const sent = await sendPlan({ engine, exported, baseline, plan, reload, backupFolder: options.backup });
  return sent === null ? null : { plan, notes, ...sent };
}

/** Finds cron triggers that the export leaves out. They keep their names, and the engine refuses a second one. */
async function hiddenCronTriggers(engine: EngineAccess, metadata: JsonObject): Promise<string[]> {
  const shown = objectsOf(metadata.cron_triggers).map(({ name }) => textOf(name));
  return ((await readCronTriggerNames(engine)) ?? []).filter((name) => !shown.includes(name));
}

function conclusion({ options }: Job, { plan, backup, inconsistent }: Done): string[] {
  const objects = inconsistent.map((object) => `  ${describeInconsistency(object)}`);
  const listed = (title: string) => (objects.length === 0 ? [] : [title, ...objects]);
  if (plan.changes.length === 0)
    return [
      ...listed('Inconsistent at the engine:'),
      options.remove
        ? 'Nothing of Portcullis is installed.'
        : 'Everything is installed already: nothing was sent.',
    ];
  if (options.dryRun) return [...listed('Inconsistent at the engine:'), 'Nothing was sent (--dry-run).'];
  return [
    ...listed('Inconsistent, as before:'),
    `${options.remove ? 'Removed' : 'Installed'}. Nothing else changed. The former metadata is in ${backup},`,
    'a request that puts it back if you POST it to /v1/metadata with the admin secret. Delete the file when you do not need it.',
  ];
}
