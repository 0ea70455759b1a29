import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { expect } from 'vitest';
import { blocksIn } from '../../readme/blocks.ts';
import { providePsql } from '../../readme/psql.ts';
import type { TestGateway } from '../../support/gateway.ts';
import { quote } from '../../support/hasura/filters.ts';
import type { StageOptions } from './frontend.ts';

const run = promisify(execFile);
const COPIED = ['src', 'hasura', 'package.json', 'tsconfig.json'];
const LINKED = ['drizzle', 'node_modules'];

/** A login of Hasura that the commands create, at the database of a gateway. */
function newLogin({ databaseUrl }: TestGateway): URL {
  const login = new URL(databaseUrl);
  login.username = `hasura_${randomBytes(6).toString('hex')}`;
  login.password = randomBytes(12).toString('hex');
  return login;
}

/**
 * Runs the commands of hasura/example/README.md in a copy of the repository, with the database of a gateway. Hasura then logs in
 * as the role that they made, with the metadata of the copy.
 */
export const playExample: NonNullable<StageOptions['prepare']> = async (gateway) => {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-example-'));
  for (const name of COPIED) await cp(name, join(folder, name), { recursive: true });
  for (const name of LINKED) await symlink(join(process.cwd(), name), join(folder, name));
  const login = newLogin(gateway);
  await providePsql(folder);
  const env = {
    ...{ ...process.env, PATH: `${folder}:${process.env.PATH}` },
    ...{ DATABASE_URL: gateway.databaseUrl, HASURA_SOURCE_DATABASE_URL: login.href },
  };
  const [block = ''] = await blocksIn('hasura/example/README.md', 'sh');
  const { stdout } = await run('sh', ['-ec', block], { cwd: folder, env });
  expect(stdout).toMatch(/ rules, 0 findings\./);
  return {
    engine: { sourceUrl: login.href, project: join(folder, 'hasura/metadata') },
    async release() {
      const owner = postgres(gateway.databaseUrl, { max: 1, onnotice: () => {} });
      await owner.unsafe(
        `drop owned by ${quote(login.username)} cascade; drop role ${quote(login.username)}`,
      );
      await owner.end({ timeout: 5 });
      await rm(folder, { recursive: true });
    },
  };
};
