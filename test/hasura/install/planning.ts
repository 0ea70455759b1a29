import { gatewaySchema, generateFor } from '../../../src/commands/hasura/install/generated.ts';
import { type JsonObject, parseJson, writeJson } from '../../../src/commands/hasura/install/json.ts';
import { type Plan, type PlanInput, planChanges } from '../../../src/commands/hasura/install/plan.ts';
import { InstallRefusal } from '../../../src/commands/hasura/install/refusal.ts';
import { foreignExport } from './foreign-export.ts';

export type Edited = { [key: string]: Edited } & Edited[];

/** The foreign application's metadata, after `edit`. */
export function foreign(edit: (metadata: Edited) => void = () => {}): JsonObject {
  const metadata = parseJson(foreignExport) as JsonObject;
  edit(metadata as unknown as Edited);
  return metadata;
}

/** A copy of metadata, after `edit`. */
export function edited(metadata: JsonObject, edit: (metadata: Edited) => void): JsonObject {
  const copy = parseJson(writeJson(metadata)) as JsonObject;
  edit(copy as unknown as Edited);
  return copy;
}

type Options = Partial<PlanInput['options']> & Partial<Omit<PlanInput, 'options' | 'metadata'>>;

/** Plans on metadata, without options unless some are given. */
export function plan(metadata: JsonObject, given: Options = {}): Plan {
  const { remove = false, source = null, namespace = null, typePrefix = null, ...rest } = given;
  return planChanges({
    metadata,
    options: { remove, source, namespace, typePrefix },
    generate: (source) => generateFor(source, []),
    unauthorizedRole: 'anonymous',
    schemas: new Map([['portcullis', gatewaySchema]]),
    defaultConvention: 'hasura-default',
    hiddenCronTriggers: [],
    ...rest,
  });
}

/** The lines of a refusal. */
export function refusal(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof InstallRefusal) return error.lines.length > 0 ? error.lines : [error.message];
    throw error;
  }
  throw new Error('It was not refused.');
}
