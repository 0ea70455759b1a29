import type { GraphQLSchema } from 'graphql';
import type { Declaration, RootFields } from '../declaration-types.ts';
import { roleSdl } from '../role-sdl.ts';
import type { CronTriggerMetadata, Header, RemoteSchemaMetadata } from './types.ts';

/** The header with the secret that Hasura and the gateway share. */
export const secretHeaders = ({ gateway }: Declaration): Header[] => [
  { name: gateway.secretHeader, value_from_env: gateway.secretFrom },
];

function rootFieldsOf({ remoteSchema }: Declaration, role: string): RootFields {
  const fields = remoteSchema.rootFields[role];
  if (fields === undefined) throw new Error(`The role ${role} has no root fields.`);
  return fields;
}

/** Returns the remote schema with the SDL of each role. `seen` is the gateway's GraphQL schema as Hasura sees it. */
export function remoteSchemaMetadata(declaration: Declaration, seen: GraphQLSchema): RemoteSchemaMetadata {
  const { name, urlFrom, timeoutSeconds, comment } = declaration.remoteSchema;
  return {
    name,
    definition: {
      url_from_env: urlFrom,
      timeout_seconds: timeoutSeconds,
      forward_client_headers: true,
      headers: secretHeaders(declaration),
    },
    comment,
    permissions: declaration.roles.map((role) => ({
      role,
      definition: { schema: roleSdl(seen, rootFieldsOf(declaration, role)) },
    })),
  };
}

/** Returns the cron triggers. */
export function cronTriggersMetadata(declaration: Declaration): CronTriggerMetadata[] {
  return declaration.cronTriggers.map((trigger) => ({
    name: trigger.name,
    webhook: `{{${declaration.gateway.urlFrom}}}/hasura/cron/${trigger.name.replaceAll('_', '-')}`,
    schedule: trigger.schedule,
    include_in_metadata: true,
    payload: {},
    retry_conf: {
      num_retries: trigger.retries,
      retry_interval_seconds: trigger.retryIntervalSeconds,
      timeout_seconds: trigger.timeoutSeconds,
      tolerance_seconds: 21_600,
    },
    headers: secretHeaders(declaration),
    comment: trigger.comment,
  }));
}
