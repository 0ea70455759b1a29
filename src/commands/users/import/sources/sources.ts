import { readHash } from '../hashes.ts';
import { RowFault } from '../row-fault.ts';
import { importPeopleFile, inBatches, type Run } from '../run.ts';
import { importIdentities } from '../store/identities.ts';
import { factorKey, type PersonEntry } from '../store/people.ts';
import { importRoles } from '../store/roles.ts';
import { importSessions } from '../store/sessions.ts';
import { createHashStage, reportUnusedHashes, stageHashes, takeHashes } from '../store/staged-hashes.ts';
import {
  createSessionStage,
  importStagedSessions,
  stageSessions,
  stageTokens,
} from '../store/staged-sessions.ts';
import { readAuth0Hash, readAuth0User, withoutApostrophe } from './auth0.ts';
import { firebaseColumns, readFirebaseUser } from './firebase.ts';
import type { FirebaseProject } from './firebase-project.ts';
import {
  readHasuraAuthProvider,
  readHasuraAuthRole,
  readHasuraAuthSecurityKey,
  readHasuraAuthToken,
  readHasuraAuthUser,
} from './hasura-auth.ts';
import {
  readSupabaseFactor,
  readSupabaseIdentity,
  readSupabaseSession,
  readSupabaseToken,
  readSupabaseUser,
} from './supabase.ts';

/** The files of one run. */
export type Files = Readonly<{
  people: string;
  /** Further files, by the name of their table. */
  with: Readonly<Record<string, string>>;
  /** The hash parameters of a Firebase project; null for other systems. */
  project: FirebaseProject | null;
}>;

/** A system that people are imported from. */
export type Source = Readonly<{
  /** The files that `--with` may name. */
  withNames: readonly string[];
  run(run: Run, files: Files): Promise<void>;
}>;

/** Notes the people who had a second factor, before the people are read. */
const noteFactors = (
  run: Run,
  path: string,
  read: (row: Readonly<Record<string, unknown>>) => string | null,
) =>
  inBatches<string>(run, path, {
    read,
    write: async (ids) => void (await run.store.staging.claim(ids.map(factorKey))),
  });

const hasuraAuth: Source = {
  withNames: ['user_roles', 'user_providers', 'refresh_tokens', 'user_security_keys'],
  async run(run, { people, with: files }) {
    const {
      user_security_keys: keys,
      user_roles: roles,
      user_providers: providers,
      refresh_tokens: tokens,
    } = files;
    if (keys !== undefined) await noteFactors(run, keys, readHasuraAuthSecurityKey);
    await importPeopleFile(run, people, { read: readHasuraAuthUser });
    if (roles !== undefined)
      await inBatches(run, roles, {
        read: (row, place) => ({ ...place, ...readHasuraAuthRole(row) }),
        write: (batch) => importRoles(run.store, batch),
      });
    if (providers !== undefined)
      await inBatches(run, providers, {
        read: (row, place) => ({ ...place, ...readHasuraAuthProvider(row) }),
        write: (batch) => importIdentities(run.store, batch),
      });
    if (tokens !== undefined)
      await inBatches(run, tokens, {
        read: (row, place) => ({ ...place, session: readHasuraAuthToken(row) }),
        write: (batch) => importSessions(run.store, batch),
      });
  },
};

const supabase: Source = {
  withNames: ['identities', 'mfa_factors', 'sessions', 'refresh_tokens'],
  async run(run, { people, with: files }) {
    const { store } = run;
    if (files.mfa_factors !== undefined) await noteFactors(run, files.mfa_factors, readSupabaseFactor);
    await importPeopleFile(run, people, { read: readSupabaseUser });
    if (files.identities !== undefined)
      await inBatches(run, files.identities, {
        read: (row, place) => {
          const identity = readSupabaseIdentity(row);
          return identity === null ? null : { ...place, ...identity };
        },
        write: (batch) => importIdentities(store, batch),
      });
    if (files.sessions === undefined) return;
    await createSessionStage(store);
    await inBatches(run, files.sessions, {
      read: (row, place) => ({ ...place, session: readSupabaseSession(row) }),
      write: (batch) => stageSessions(store, batch),
    });
    if (files.refresh_tokens !== undefined)
      await inBatches(run, files.refresh_tokens, {
        read: (row, place) => {
          const token = readSupabaseToken(row);
          return token === null ? null : { ...place, token };
        },
        write: (batch) => stageTokens(store, batch),
      });
    await importStagedSessions(store);
  },
};

const firebase: Source = {
  withNames: [],
  run: (run, { people, project }) =>
    importPeopleFile(run, people, {
      columns: firebaseColumns,
      read: (row) => readFirebaseUser(row, project),
    }),
};

const auth0: Source = {
  withNames: ['hashes'],
  async run(run, { people, with: files }) {
    const { store } = run;
    const { hashes } = files;
    if (hashes !== undefined) {
      await createHashStage(store);
      await inBatches(run, hashes, {
        read: (row, place) => ({ ...place, ...readAuth0Hash(row) }),
        write: (batch) => stageHashes(store, batch),
      });
    }
    await importPeopleFile(run, people, {
      csvText: withoutApostrophe,
      read: readAuth0User,
      ...(hashes !== undefined && { complete: (batch) => withHashes(run, batch) }),
    });
    if (hashes !== undefined) await reportUnusedHashes(store, new RowFault('unknown_user'));
  },
};

/** Adds the passwords that stand in a file of their own. */
async function withHashes({ store }: Run, batch: readonly PersonEntry[]): Promise<PersonEntry[]> {
  const hashes = await takeHashes(
    store,
    batch.map(({ person }) => person.formerId ?? ''),
  );
  return batch.flatMap((entry) => {
    const hash = hashes.get(entry.person.formerId ?? '');
    if (hash === undefined || entry.person.password.hash !== null) return [entry];
    try {
      return [{ ...entry, person: { ...entry.person, password: readHash(hash) } }];
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      store.report.note(entry, error.outcome, error.reason);
      return [];
    }
  });
}

/** The systems, by the name that `--from` takes. */
export const sources: Readonly<Record<string, Source>> = {
  'hasura-auth': hasuraAuth,
  supabase,
  firebase,
  auth0,
};
