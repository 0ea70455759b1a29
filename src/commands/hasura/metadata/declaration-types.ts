import type { PgTable } from 'drizzle-orm/pg-core';

/** A boolean expression of Hasura's metadata. */
type Filter = Readonly<Record<string, unknown>>;

type SelectDeclaration = { columns: readonly string[]; filter: Filter };
type UpdateDeclaration = { columns: readonly string[]; filter: Filter };

type TablePermissions = Readonly<Record<Role, { select?: SelectDeclaration; update?: UpdateDeclaration }>>;

/** A field of the gateway's `Query` that Hasura adds to the rows of a table. Columns of the row are its arguments. */
type JoinDeclaration<Column extends string = string> = {
  name: string;
  field: string;
  /** The column for each argument. */
  arguments: Readonly<Record<string, Column>>;
};

export type TableDeclaration = {
  table: PgTable;
  /** Replaces the GraphQL name `<schema>_<table>`. */
  customName?: string;
  /** Whether every client may read every row. Only then may a filter be empty. */
  everyRow?: boolean;
  /**
   * The columns that Hasura's database role may read. Hasura reads every column of a tracked table, also those that the client
   * did not ask for (hasura/README.md, "The database role"). If a column is missing here, Hasura cannot read the table.
   */
  readable: readonly string[];
  /** The only columns that Hasura's database role may update, in every role of Hasura. */
  editable: readonly string[];
  joins?: readonly JoinDeclaration[];
  permissions: TablePermissions;
};

/** A role of Hasura. Those of an application are added when the metadata is generated. */
type Role = string;
export type RootFields = { Query: readonly string[]; Mutation: readonly string[] };

export type RemoteSchemaDeclaration = {
  name: string;
  urlFrom: string;
  timeoutSeconds: number;
  comment: string;
  rootFields: Readonly<Record<Role, RootFields>>;
  /** Root fields that only admin sees. */
  adminOnly: readonly string[];
};

type ActionRelationship = {
  name: string;
  type: 'object' | 'array';
  table: string;
  fieldMapping: Readonly<Record<string, string>>;
};

type ActionDeclaration = { name: string; timeoutSeconds: number; comment: string };

type ActionsDeclaration = {
  /** The SDL of `actions.graphql`: `type Mutation` and the types it needs. */
  sdl: string;
  list: readonly ActionDeclaration[];
  /** The relationships of each output type. */
  relationships: Readonly<Record<string, readonly ActionRelationship[]>>;
};

type CronDeclaration = {
  /** The name. With hyphens, it is the last segment of the route. */
  name: string;
  schedule: string;
  retries: number;
  retryIntervalSeconds: number;
  timeoutSeconds: number;
  comment: string;
};

export type Declaration = {
  roles: readonly Role[];
  /** The role of a client without a token. The client writes its session variables. */
  unauthorizedRole: Role;
  /** The session variables that the gateway's tokens carry. */
  sessionVariables: readonly string[];
  /** The only environment variables of the engine that the metadata may read. */
  environment: readonly string[];
  /** The database schema whose tables may be tracked. */
  databaseSchema: string;
  /** The condition on a row of `table` for a live session. Every permission of a role with tokens asks for it. */
  liveSession: { table: PgTable; condition: Filter };
  source: { name: string; urlFrom: string };
  gateway: { urlFrom: string; secretHeader: string; secretFrom: string };
  tables: readonly TableDeclaration[];
  descriptions: readonly TableDescription[];
  remoteSchema: RemoteSchemaDeclaration;
  actions: ActionsDeclaration;
  cronTriggers: readonly CronDeclaration[];
};

type SnakeCase<Text extends string> = Text extends `${infer Head}${infer Rest}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${SnakeCase<Rest>}`
  : Text;

type ColumnOf<Table extends PgTable> = SnakeCase<keyof Table['_']['columns'] & string>;

type TypedTable<Table extends PgTable> = Omit<
  TableDeclaration,
  'table' | 'readable' | 'editable' | 'joins' | 'permissions'
> & {
  readable: readonly ColumnOf<Table>[];
  editable: readonly ColumnOf<Table>[];
  joins?: readonly JoinDeclaration<ColumnOf<Table>>[];
  permissions: Readonly<
    Record<
      Role,
      {
        select?: { columns: readonly ColumnOf<Table>[]; filter: Filter };
        update?: { columns: readonly ColumnOf<Table>[]; filter: Filter };
      }
    >
  >;
};

/** One sentence each: of a table, of its columns, and of what its permissions allow. */
export type TableDescription = {
  of: PgTable;
  table: string;
  columns: Readonly<Record<string, string>>;
  select?: string;
  update?: string;
};

/** Describes a table. A column without a description is a compile error. */
export function describe<Table extends PgTable>(
  of: Table,
  text: Omit<TableDescription, 'of' | 'columns'> & { columns: Readonly<Record<ColumnOf<Table>, string>> },
): TableDescription {
  return { of, ...text };
}

/** Declares a tracked table. A column that the table does not have is a compile error. */
export function track<Table extends PgTable>(table: Table, declared: TypedTable<Table>): TableDeclaration {
  return { table, ...declared };
}
