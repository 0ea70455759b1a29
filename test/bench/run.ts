import { type Row, startBench } from './bench.ts';
import { measureColdStart } from './cold-start.ts';
import { measureLogins } from './logins.ts';
import { measureMails } from './mails.ts';
import { measureMe } from './me.ts';
import { measureRefreshes } from './refreshes.ts';
import { measureSigns } from './signs.ts';
import { measureUser } from './user.ts';

/**
 * `npm run bench`: measures the gateway, each measurement beside its bare limit on this machine in the same run.
 * `npm run bench -- logins me` measures only these two.
 */
const began = performance.now();
const print = (line: string) => void process.stdout.write(`${line}\n`);
const columns = (what: string, gateway: string, bare: string, ratio: string, note: string) =>
  print(
    `${what.padEnd(30)}${gateway.padStart(12)}${bare.padStart(14)}${ratio.padStart(8)}  ${note}`.trimEnd(),
  );

const show = ({ what, gateway, bare, ratio, note }: Row) =>
  columns(what, gateway, bare ?? '', ratio?.toFixed(2) ?? '', note ?? '');

const measurements = {
  logins: measureLogins,
  me: measureMe,
  user: measureUser,
  signs: measureSigns,
  refreshes: measureRefreshes,
  mails: measureMails,
  'cold-start': measureColdStart,
};
const names = process.argv.slice(2);
const chosen = Object.entries(measurements).flatMap(([name, measure]) =>
  names.length === 0 || names.includes(name) ? [measure] : [],
);

const bench = await startBench();
try {
  columns('', 'gateway', 'bare limit', 'ratio', '');
  for (const measure of chosen) for (const row of await measure(bench)) show(row);
} finally {
  await bench.stop();
}
const client = bench.clientCpu.map((share) => Math.round(share * 100));
if (client.length > 0)
  print(`\nThe load generator took ${Math.min(...client)} to ${Math.max(...client)} % of one core.`);
print(`${((performance.now() - began) / 1000).toFixed(0)} s in all, on Node ${process.version}.`);
