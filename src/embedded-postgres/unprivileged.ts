import { execFile } from 'node:child_process';
import { chown, lchown, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export type Account = { name: string; uid: number; gid: number };

/** What to pass to `spawn` instead of a program and its arguments. */
export type Command = { file: string; args: string[]; options: { uid?: number; gid?: number } };
export type Launcher = { account: Account | undefined; command(file: string, args: string[]): Command };

/**
 * Postgres refuses to run as root. Another account has to stand in for it then: the one that owns the data already,
 * else `postgres`, else `nobody`. (initdb insists on an account with an entry in the passwd file.)
 */
async function chooseAccount(ownedFolder: string): Promise<Account> {
  const owner = await stat(ownedFolder).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0)
    return { name: `user ${owner.uid}`, uid: owner.uid, gid: owner.gid };
  const entries = (await readFile('/etc/passwd', 'utf8').catch(() => ''))
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const entry = entries.find(([entryName]) => entryName === name);
    const [uid, gid] = [Number(entry?.[2]), Number(entry?.[3])];
    if (uid > 0 && gid > 0) return { name, uid, gid };
  }
  throw new Error(
    'Postgres refuses to run as root, and there is no user `postgres` or `nobody` to run it as. Run the gateway as an ordinary user, or set DATABASE_URL.',
  );
}

/** Whether others may pass through every folder down to this path, and through the path itself. */
async function isReachable(path: string): Promise<boolean> {
  for (let part = await realpath(path); ; part = dirname(part)) {
    if (((await stat(part)).mode & 0o001) === 0) return false;
    if (part === dirname(part)) return true;
  }
}

/** BusyBox has a `setpriv` too, without the options that matter here. */
async function hasSetpriv(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const help = await promisify(execFile)('setpriv', ['--help']).catch(() => ({ stdout: '' }));
  return ['--pdeathsig', '--reuid', '--ambient-caps'].every((option) => help.stdout.includes(option));
}

/**
 * Works out how to start the server's programs: never as root, and where the system can do it so that they are told
 * (SIGINT) when this process dies. `paths` are what they need to get at, `ownedFolder` is the data they shall own.
 */
export async function planLaunch(ownedFolder: string, paths: string[]): Promise<Launcher> {
  const setpriv = (options: string[]) => (file: string, args: string[]) => ({
    file: 'setpriv',
    args: ['--pdeathsig', 'INT', ...options, file, ...args],
    options: {},
  });
  const able = await hasSetpriv();
  if (process.geteuid?.() !== 0) {
    return {
      account: undefined,
      command: able ? setpriv([]) : (file, args) => ({ file, args, options: {} }),
    };
  }
  const account = await chooseAccount(ownedFolder);
  const { uid, gid } = account;
  const reachable = (await Promise.all(paths.map(isReachable))).every(Boolean);
  if (able) {
    // Below a folder like root's home the account needs this one capability to reach its own files; access(2), with
    // which Postgres looks for its programs, counts it only with this securebit.
    const capability = reachable
      ? []
      : ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--securebits=+no_setuid_fixup'];
    return {
      account,
      command: setpriv(['--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', ...capability]),
    };
  }
  if (reachable) return { account, command: (file, args) => ({ file, args, options: { uid, gid } }) };
  throw new Error(
    `Postgres refuses to run as root, and the user it would run as (${account.name}) cannot reach ${paths.join(' or ')}. Run the gateway as an ordinary user, install setpriv (util-linux), or set DATABASE_URL.`,
  );
}

/** Gives a folder and all that is in it to the account, unless it has it already. */
export async function giveTo(account: Account | undefined, folder: string): Promise<void> {
  if (account === undefined || (await stat(folder)).uid === account.uid) return;
  for (const entry of await readdir(folder, { recursive: true })) {
    await lchown(join(folder, entry), account.uid, account.gid);
  }
  await chown(folder, account.uid, account.gid); // last, since it is what tells whether this was done
}
