import type { ClientTransaction } from '../../../db/driver/postgres.ts';

/** Schemas that belong to Postgres, to the gateway or to Hasura. */
const RESERVED = /^(?:pg_|portcullis|information_schema$|hdb_catalog$|public$)/;

const quote = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`;

/**
 * Creates a schema for the application, which Hasura's role owns. A schema that it owns already stays as it is.
 * @throws Error if the name is reserved, or the schema belongs to another role
 */
export async function giveSchema(
  tx: ClientTransaction,
  { schema, role }: { schema: string; role: string },
): Promise<void> {
  if (schema === '' || Buffer.byteLength(schema) > 63 || RESERVED.test(schema))
    throw new Error(
      `--schema: ${schema === '' ? 'the name is empty' : `${schema} is reserved or too long`}.`,
    );
  const [found] = await tx<{ owner: string }[]>`
    select pg_get_userbyid(nspowner) as owner from pg_namespace where nspname = ${schema}`;
  if (found === undefined) await tx.unsafe(`create schema ${quote(schema)} authorization ${quote(role)}`);
  else if (found.owner !== role)
    throw new Error(`--schema: ${schema} belongs to the role ${found.owner}. Name another schema.`);
}
