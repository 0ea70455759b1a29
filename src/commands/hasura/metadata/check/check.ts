import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'graphql';
import { declaration as ours } from '../declaration.ts';
import { type Plan, planMetadata } from '../files/plan.ts';
import { asHasuraSeesIt } from '../hasura-introspection.ts';
import type { MetadataInput } from '../objects/metadata.ts';
import { describeTable } from '../table-shape.ts';
import { checkActions } from './actions.ts';
import { type Check, type CheckContext, entriesWithin } from './context.ts';
import { checkCron } from './cron.ts';
import { checkGateway } from './gateway.ts';
import { checkJoins } from './joins.ts';
import { checkNames } from './names.ts';
import { ownActionSdl, ownPart } from './parts.ts';
import { checkPermissions } from './permissions.ts';
import { checkRoleSdls } from './role-sdl.ts';
import { type Finding, finding } from './rules.ts';
import { checkSchema, checkValid } from './schema.ts';
import { shapeMetadata } from './shape.ts';
import { checkTheirs } from './theirs.ts';
import { checkTables } from './tracked-tables.ts';
import { readTree, type Tree } from './tree.ts';

export type CheckInput = MetadataInput & { directory: string };

const CHECKS: readonly Check[] = [
  ...[checkTables, checkJoins, checkPermissions, checkSchema, checkRoleSdls],
  ...[checkActions, checkNames, checkGateway, checkCron, checkTheirs],
];

/** Checks our part of `hasura/` against the rules of `hasura/README.md`. Returns each violation. */
export async function checkMetadata(input: CheckInput): Promise<Finding[]> {
  const plan = await planOrMessage(input);
  const tree = await readTree(input.directory, typeof plan === 'string' ? [] : [...plan.files.keys()]);
  const rules = tree.complete ? checkTree(tree, input) : [];
  return [...tree.findings, ...rules, ...(await checkInStep(input, plan))];
}

function checkTree(tree: Tree, { schema, tables, declaration = ours }: CheckInput): Finding[] {
  const own = ownPart(tree.documents, declaration);
  const { metadata, findings } = shapeMetadata(own);
  const early = [
    ...findings,
    ...checkComputedFields(own),
    ...checkActionsSyntax(tree),
    ...checkValid(schema),
  ];
  if (metadata === undefined || early.some(({ rule }) => rule !== 'computed-fields')) return early;
  const context: CheckContext = {
    metadata,
    actionsSdl: ownActionSdl(tree.actionsSdl, declaration),
    all: { ...tree, own },
    declaration,
    tables: tables.map(describeTable),
    schema,
    seen: asHasuraSeesIt(schema),
  };
  return [...early, ...checkVersion(context), ...CHECKS.flatMap((check) => [...check(context)])];
}

function* checkVersion({ metadata }: CheckContext): Generator<Finding> {
  if (metadata.version.version === 3) return;
  yield finding('version', 'version.yaml', 'Hasura v2 reads this folder as version 3.');
}

/** Refuses computed fields: an unpatched engine does not apply their row permissions. */
function* checkComputedFields(own: Tree['documents']): Generator<Finding> {
  for (const { key, path } of entriesWithin(own)) {
    if (key === 'computed_fields') yield finding('computed-fields', path, 'Computed fields are not allowed.');
  }
}

function* checkActionsSyntax({ actionsSdl }: Tree): Generator<Finding> {
  try {
    parse(actionsSdl);
  } catch (error) {
    yield finding('action-sdl', 'actions.graphql', (error as Error).message);
  }
}

/** Checks that the generator would change nothing. */
async function checkInStep({ directory }: CheckInput, plan: Plan | string): Promise<Finding[]> {
  if (typeof plan === 'string') return [finding('in-step', 'the generator', plan)];
  const findings = [...plan.files].map(async ([path, content]): Promise<Finding[]> => {
    const committed = await readFile(join(directory, path), 'utf8').catch(() => undefined);
    if (committed === content) return [];
    return [finding('in-step', path, 'It differs from what npm run hasura:generate makes.')];
  });
  return [
    ...(await Promise.all(findings)).flat(),
    ...plan.removed.map((path) => finding('in-step', path, 'npm run hasura:generate does not make it.')),
  ];
}

async function planOrMessage({ directory, ...input }: CheckInput): Promise<Plan | string> {
  try {
    return await planMetadata(directory, input);
  } catch (error) {
    return (error as Error).message;
  }
}
