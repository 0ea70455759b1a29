import { execFile } from 'node:child_process';
import { chown, lchown, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export type Account = { name: string; uid: number; gid: number };

/** The program, arguments and options for `spawn`. */
type Command = { file: string; args: string[]; options: { uid?: number; gid?: number } };
export type Launcher = { account: Account | undefined; command(file: string, args: string[]): Command };

/**
 * Chooses the account that runs Postgres, since Postgres refuses to run as root. It is the owner of the data, otherwise
 * `postgres`, otherwise `nobody`. (initdb needs an account with an entry in the passwd file.)
 * @throws Error if none of them exists
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
    'Postgres refuses to run as root, and the system has no user `postgres` or `nobody`. Run the gateway as an ordinary user, or set DATABASE_URL.',
  );
}

/** Tells whether other accounts may pass through this path and every folder above it. */
async function isReachable(path: string): Promise<boolean> {
  for (let part = await realpath(path); ; part = dirname(part)) {
    if (((await stat(part)).mode & 0o001) === 0) return false;
    if (part === dirname(part)) return true;
  }
}

/** Tells whether a full `setpriv` is installed. BusyBox has one without the options that are needed here. */
async function hasSetpriv(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const help = await promisify(execFile)('setpriv', ['--help']).catch(() => ({ stdout: '' }));
  return ['--pdeathsig', '--reuid', '--ambient-caps'].every((option) => help.stdout.includes(option));
}

/**
 * Plans how to start the server's programs. They never run as root. If the system can do it, they get SIGINT when this
 * process dies.
 * @param ownedFolder the data, which the account must own
 * @param paths what the account must be able to reach
 * @throws Error if the account cannot reach them
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
    // Below a folder like root's home, the account needs this one capability to reach its own files. Postgres looks for its
    // programs with access(2), which counts the capability only with this securebit.
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

/** Gives a folder with its content to the account, unless the account owns it already. */
export async function changeOwner(account: Account | undefined, folder: string): Promise<void> {
  if (account === undefined || (await stat(folder)).uid === account.uid) return;
  for (const entry of await readdir(folder, { recursive: true })) {
    await lchown(join(folder, entry), account.uid, account.gid);
  }
  await chown(folder, account.uid, account.gid); // last, since the owner of the folder tells whether this was done
}
