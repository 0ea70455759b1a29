import { declaration } from '../metadata/declaration.ts';

/**
 * By what the installer recognises its own objects (hasura/README.md, "Install into your own Hasura"). These are names that
 * only Portcullis uses, each together with a variable of the engine or a schema of the database.
 */
export const facts = {
  /** The source that the installer adds, unless `--source` names another one. */
  source: 'portcullis',
  sourceUrlFrom: declaration.source.urlFrom,
  /** The database schema of every table of ours. */
  schema: declaration.databaseSchema,
  remoteSchema: declaration.remoteSchema.name,
  remoteSchemaUrlFrom: declaration.remoteSchema.urlFrom,
  actionHandlers: `{{${declaration.gateway.urlFrom}}}/hasura/actions/`,
  cronWebhooks: `{{${declaration.gateway.urlFrom}}}/hasura/cron/`,
  environment: declaration.environment,
} as const;

/** Ends the comment of each permission and relationship that the installer adds. */
const MARK = '(managed by Portcullis)';

export const marked = (comment: string): string => (comment === '' ? MARK : `${comment} ${MARK}`);
export const isMarked = (comment: unknown): boolean => typeof comment === 'string' && comment.endsWith(MARK);
