import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compare, type Difference } from './compare.ts';
import { preparationOf, preparedCases } from './givens/index.ts';
import { leftOut } from './left-out.ts';
import { isAt, type Place, reasons } from './reasons.ts';
import { type Recording, recordings } from './recordings.ts';
import { play } from './requests.ts';
import { openScene } from './scene.ts';
import { startServers } from './servers.ts';

type Found = Difference & { step: number };

let servers: Awaited<ReturnType<typeof startServers>>;
const seen = new Set<Place>();

beforeAll(async () => {
  servers = await startServers();
}, 60_000);
afterAll(() => servers?.close());

/** Plays the requests of a case, and lists where the answers differ from the recorded ones. */
async function replay(recording: Recording): Promise<Found[]> {
  const scene = openScene(recording, servers);
  const { given = [], before = {}, together } = preparationOf(recording.name);
  for (const prepare of given) await prepare(scene);
  const found: Found[] = [];
  const playStep = async (index: number): Promise<void> => {
    const step = recording.steps[index];
    if (step === undefined) return;
    scene.server = servers[step.on];
    for (const prepare of before[index + 1] ?? []) await prepare(scene);
    const answer = await play(scene, step);
    found.push(...compare(step, answer).map((difference) => ({ ...difference, step: index + 1 })));
  };
  const steps = recording.steps.map((_, index) => index);
  if (together) await Promise.all(steps.map(playStep));
  else for (const index of steps) await playStep(index);
  return found;
}

const shown = ({ step, at, recorded, ours }: Found): string =>
  `#${step} ${at}: recorded ${JSON.stringify(recorded)}, ours ${JSON.stringify(ours)}`;

/** Takes out the differences that have a reason. */
function unexplained(name: string, found: readonly Found[]): Found[] {
  return found.filter((difference) => {
    const places = reasons
      .flatMap(({ where }) => where)
      .filter((place) => isAt(place, name, difference.step, difference));
    for (const place of places) seen.add(place);
    return places.length === 0;
  });
}

describe.concurrent('the gateway answers as the real GoTrue did', () => {
  for (const recording of recordings) {
    if (recording.name in leftOut) continue;
    test(recording.name, { timeout: 60_000 }, async () => {
      const found = unexplained(recording.name, await replay(recording));
      if (found.length > 0) expect.fail(found.map(shown).join('\n'));
    });
  }
});

describe('the tables of the replay', () => {
  test('every reason for a difference has a difference', () => {
    const idle = reasons.flatMap(({ why, where }) =>
      where.filter((place) => !seen.has(place)).map((place) => `${why} ${inspect(place)}`),
    );
    if (idle.length > 0) expect.fail(idle.join('\n'));
  });

  test('every preparation and every left out case has a recording', () => {
    const names = new Set(recordings.map(({ name }) => name));
    expect([...preparedCases, ...Object.keys(leftOut)].filter((name) => !names.has(name))).toEqual([]);
  });
});
