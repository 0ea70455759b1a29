import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { version } from '../../src/version.ts';
import { startProcess } from '../boot/process.ts';
import { blocksOf } from './blocks.ts';

/** The lines without the parts that differ between starts. */
const stable = (text: string, url: string, dataDir: string): string[] =>
  text
    .replaceAll(url, '<url>')
    .replaceAll(dataDir, '<data>')
    .replaceAll(/(?<=\/mail\/inbox\/)[\w-]{22}$/gm, '<inbox>')
    .trim()
    .split('\n');

test('npm start prints the lines that README.md shows', async () => {
  const blocks = await blocksOf('README.md', 'Try it', 'text');
  const [shown = ''] = blocks.filter((block) => block.startsWith('Portcullis'));
  const dataDir = await mkdtemp(join(tmpdir(), 'portcullis-readme-'));
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: { start: string } };
  const gateway = await startProcess({ DATA_DIR: dataDir }, { command: scripts.start.split(' ') });
  await expect.poll(() => gateway.output()).toContain('Internal secret');
  await gateway.end('SIGTERM');
  await rm(dataDir, { recursive: true });
  const printed = stable(gateway.output(), gateway.url, dataDir);
  const lines = stable(shown, 'http://127.0.0.1:4000', '.data');
  const first = printed.indexOf(`Portcullis ${version} is ready.`);
  expect(printed.slice(first, first + lines.length)).toEqual(lines);
});
