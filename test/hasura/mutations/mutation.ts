/** One rule, broken in one place, and the scenarios that check it: at least one of them must fail. */
export type Mutation = Readonly<{
  /** The fault that the mutation makes, as a sentence. */
  breaks: string;
  /** From the repository's root. */
  file: string;
  /** Occurs exactly once in the file. */
  from: string;
  to: string;
  /** Files from test/hasura/scenarios, without `.test.ts`. */
  scenarios: readonly string[];
}>;

/** The mutated text, or the number of occurrences of the replaced text if that is not 1. */
export function mutate(text: string, { from, to }: Pick<Mutation, 'from' | 'to'>): string | number {
  const [before = '', after, ...more] = text.split(from);
  return after === undefined || more.length > 0
    ? more.length + (after === undefined ? 0 : 1)
    : before + to + after;
}

/** The result of a scenario file, as far as it ran. */
export type Ran = {
  file: string;
  /** The errors of the file as a whole and of its hooks. */
  errors: readonly string[];
  tests: readonly { name: string; state: 'passed' | 'failed' | 'skipped' | 'pending'; because: string }[];
};

export type Played =
  | { kind: 'passed'; tests: number }
  /** A test ran and failed; `because` is its error. */
  | { kind: 'failed'; test: string; because: string }
  /** No test gave a result: a file could not be loaded, a hook failed, or the file has no test. */
  | { kind: 'broken'; because: string };

/** The result of a run of scenarios. */
export function readPlayed(files: readonly Ran[]): Played {
  const tests = files.flatMap(({ file, tests }) => tests.map((test) => ({ ...test, file })));
  const failed = tests.find(({ state }) => state === 'failed');
  if (failed !== undefined)
    return { kind: 'failed', test: `${failed.file}: ${failed.name}`, because: failed.because };
  const because = files.flatMap(({ errors }) => errors)[0];
  if (because !== undefined) return { kind: 'broken', because };
  const passed = tests.filter(({ state }) => state === 'passed').length;
  if (passed > 0 && passed === tests.length) return { kind: 'passed', tests: passed };
  return { kind: 'broken', because: `${passed} of ${tests.length} tests ran` };
}

export type Verdict =
  | { kind: 'killed'; by: string; because: string }
  | { kind: 'survived'; tests: number }
  | { kind: 'stale'; occurrences: number }
  | { kind: 'worthless'; because: string };

/** A copy of the work tree in which mutations are tried. */
export type Workshop = {
  read(file: string): Promise<string>;
  write(file: string, text: string): Promise<void>;
  /** Runs these scenarios up to the first that fails. */
  play(scenarios: readonly string[]): Promise<Played>;
};

/** Errors of code that does not run: they prove nothing about the rule. */
const CRASH =
  /\b(?:Syntax|Reference)Error\b|internal_error|is not (?:a function|defined|iterable)|Cannot read properties of/;

/** Applies a mutation, plays its scenarios and reverts it. */
export async function tryMutation(workshop: Workshop, mutation: Mutation): Promise<Verdict> {
  const original = await workshop.read(mutation.file);
  const mutated = mutate(original, mutation);
  if (typeof mutated === 'number') return { kind: 'stale', occurrences: mutated };
  await workshop.write(mutation.file, mutated);
  try {
    const played = await workshop.play(mutation.scenarios);
    if (played.kind === 'passed') return { kind: 'survived', tests: played.tests };
    if (played.kind === 'broken' || CRASH.test(played.because))
      return { kind: 'worthless', because: played.because };
    return { kind: 'killed', by: played.test, because: played.because };
  } finally {
    await workshop.write(mutation.file, original);
  }
}
