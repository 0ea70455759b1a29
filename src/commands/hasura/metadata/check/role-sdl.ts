import { type DocumentNode, parse } from 'graphql';
import { rootFieldNames } from '../role-sdl.ts';
import type { CheckContext } from './context.ts';
import { type Finding, finding } from './rules.ts';
import { checkAgainstUpstream } from './sdl-definitions.ts';
import { checkDirectives, checkReferences, checkSyntax, rootTypes } from './sdl-document.ts';
import type { RemoteSchema } from './shape.ts';

/** Checks each role's SDL of the remote schema against the gateway's schema as Hasura sees it. */
export function* checkRoleSdls(context: CheckContext): Generator<Finding> {
  const { remote_schemas } = context.metadata;
  const documents: DocumentNode[] = [];
  for (const remote of remote_schemas) {
    yield* checkCoverage(context, remote);
    for (const permission of remote.permissions) {
      const at = `remote schema ${remote.name}, role ${permission.role}`;
      if (Object.keys(permission.definition).length !== 1) {
        yield finding('sdl-definition', at, 'The only key under definition must be schema.');
      }
      const document = parseSdl(permission.definition.schema);
      if (document instanceof Error) {
        yield finding('sdl-syntax', at, document.message);
        continue;
      }
      documents.push(document);
      yield* checkSdl(context, { role: permission.role, at }, document);
    }
  }
  yield* checkAssigned(context, documents);
}

function parseSdl(sdl: string): DocumentNode | Error {
  try {
    return parse(sdl);
  } catch (error) {
    return error as Error;
  }
}

function* checkCoverage({ declaration }: CheckContext, remote: RemoteSchema): Generator<Finding> {
  for (const role of declaration.roles) {
    if (remote.permissions.some((permission) => permission.role === role)) continue;
    yield finding('sdl-roles', `remote schema ${remote.name}`, `The role ${role} has no permission on it.`);
  }
}

function* checkSdl(
  context: CheckContext,
  place: { role: string; at: string },
  document: DocumentNode,
): Generator<Finding> {
  const syntax = [...checkSyntax(place.at, document)];
  yield* syntax;
  if (syntax.length > 0) return;
  const { query } = rootTypes(document);
  if (query === undefined || (query.fields ?? []).length === 0) {
    yield finding('sdl-query', place.at, 'A role needs a Query type with at least one field.');
  }
  yield* checkDirectives(context, place, document);
  yield* checkReferences(place.at, document);
  yield* checkAgainstUpstream(context, place.at, document);
}

/** Checks that each root field of the gateway has a role, or is declared admin-only. */
function* checkAssigned(
  { schema, declaration }: CheckContext,
  documents: readonly DocumentNode[],
): Generator<Finding> {
  const seen = new Set(
    documents.flatMap((document) => {
      const { query, mutation } = rootTypes(document);
      return [...(query?.fields ?? []), ...(mutation?.fields ?? [])].map(({ name }) => name.value);
    }),
  );
  for (const name of rootFieldNames(schema)) {
    if (seen.has(name) || declaration.remoteSchema.adminOnly.includes(name)) continue;
    yield finding(
      'root-field-assigned',
      name,
      'No role sees this root field, and it is not declared admin-only.',
    );
  }
}
