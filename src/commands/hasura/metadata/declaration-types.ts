import type { PgTable } from 'drizzle-orm/pg-core';

/** A boolean expression as Hasura's metadata writes it. */
export type Filter = Readonly<Record<string, unknown>>;

export type SelectDeclaration = { columns: readonly string[]; filter: Filter };
export type UpdateDeclaration = { columns: readonly string[]; filter: Filter };

export type TablePermissions = Readonly<
  Partial<Record<Role, { select?: SelectDeclaration; update?: UpdateDeclaration }>>
>;

/** What the gateway's schema adds to the rows of a table: a field of its `Query`, with arguments from columns. */
export type JoinDeclaration<Column extends string = string> = {
  name: string;
  field: string;
  /** By argument, the column it takes. */
  arguments: Readonly<Record<string, Column>>;
};

export type TableDeclaration = {
  table: PgTable;
  /** Replaces the GraphQL name `<schema>_<table>`. */
  customName?: string;
  /** Whether anyone may read every row. Only such tables may have an empty filter. */
  everyRow?: boolean;
  /**
   * The columns that Hasura's database role may read. Hasura reads every column of a tracked table, also those that the client
   * did not ask for (hasura/README.md, "The database role"): one that is missing here hides the table from Hasura.
   */
  readable: readonly string[];
  /** The only columns that Hasura's database role may update, whoever asks. */
  editable: readonly string[];
  joins?: readonly JoinDeclaration[];
  permissions: TablePermissions;
};

export type Role = 'anonymous' | 'user';
export type RootFields = { Query: readonly string[]; Mutation: readonly string[] };

export type RemoteSchemaDeclaration = {
  name: string;
  urlFrom: string;
  timeoutSeconds: number;
  comment: string;
  rootFields: Readonly<Record<Role, RootFields>>;
  /** Root fields that no role but admin sees. */
  adminOnly: readonly string[];
};

export type ActionRelationship = {
  name: string;
  type: 'object' | 'array';
  table: string;
  fieldMapping: Readonly<Record<string, string>>;
};

export type ActionDeclaration = { name: string; timeoutSeconds: number; comment: string };

export type ActionsDeclaration = {
  /** The SDL of `actions.graphql`: `type Mutation` and the types it needs. */
  sdl: string;
  list: readonly ActionDeclaration[];
  /** By output type. */
  relationships: Readonly<Record<string, readonly ActionRelationship[]>>;
};

export type CronDeclaration = {
  /** Also the last segment of its route, there with hyphens. */
  name: string;
  schedule: string;
  retries: number;
  retryIntervalSeconds: number;
  timeoutSeconds: number;
  comment: string;
};

export type Declaration = {
  roles: readonly Role[];
  /** The role that people without a token have. Its session variables are written by the client. */
  unauthorizedRole: Role;
  /** What the gateway's tokens put into the session. */
  sessionVariables: readonly string[];
  /** The only variables that the metadata may read from the engine's environment. */
  environment: readonly string[];
  /** The database schema whose tables may be tracked. */
  databaseSchema: string;
  /** What a row of `table` must fulfil to be of a user who is signed in: every permission of a role with tokens asks for it. */
  liveSession: { table: PgTable; condition: Filter };
  source: { name: string; urlFrom: string };
  gateway: { urlFrom: string; secretHeader: string; secretFrom: string };
  tables: readonly TableDeclaration[];
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
    Partial<
      Record<
        Role,
        {
          select?: { columns: readonly ColumnOf<Table>[]; filter: Filter };
          update?: { columns: readonly ColumnOf<Table>[]; filter: Filter };
        }
      >
    >
  >;
};

/** Declares a tracked table. A column that the table does not have is a compile error. */
export function track<Table extends PgTable>(table: Table, declared: TypedTable<Table>): TableDeclaration {
  return { table, ...declared };
}
