import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { GraphQLClient } from 'graphql-request';
import { frontendCode } from './blocks.ts';

/** The address of Hasura in `hasura/frontend`, the only text that a test replaces there. */
export const ADDRESS = 'http://localhost:8080/v1/graphql';

export type Tokens = { accessToken?: string; refreshToken?: string | null; user?: { id: string } };

/** The exports of `session.ts`, `client.ts` and `sign-in.ts`. */
export type Tab = {
  MINE: string;
  stored(): Tokens;
  store(tokens?: Tokens): void;
  signup(input: object): Promise<void>;
  login(input: object): Promise<void>;
  fetchSignedIn(init?: object): Promise<Response>;
  query(document: string, variables?: object): Promise<Record<string, unknown>>;
  logout(): Promise<void>;
  client: GraphQLClient;
  anonymous: GraphQLClient;
  signIn(email: string, password: string): Promise<string[] | undefined>;
};

/** An empty folder from which the project's packages can be imported. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'readme-'));
  await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

export type Browser = {
  /** Opens a tab: loads the code of `hasura/frontend` again, with the storage that all tabs share. */
  openTab(edit?: (code: string) => string): Promise<Tab>;
  close(): Promise<void>;
};

/** A browser whose pages run the code of `hasura/frontend` against a Hasura. */
export function startBrowser(hasuraUrl: string): Browser {
  const folders: string[] = [];
  return {
    async openTab(edit = (code) => code) {
      const folder = await makeFolder();
      folders.push(folder);
      for (const [name, code] of await frontendCode())
        await writeFile(join(folder, name), edit(code.replaceAll(ADDRESS, hasuraUrl)));
      const files = ['session.ts', 'client.ts', 'sign-in.ts'];
      const exported = files.map((name): Promise<object> => import(pathToFileURL(join(folder, name)).href));
      return Object.assign({}, ...(await Promise.all(exported))) as Tab;
    },
    async close() {
      for (const folder of folders) await rm(folder, { recursive: true });
    },
  };
}

/** A `localStorage`, which browsers have and Node 20 lacks. */
export function memoryStorage(): Pick<Storage, 'getItem' | 'setItem' | 'clear'> {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, String(value)),
    clear: () => items.clear(),
  };
}
