/** One rule broken in one place, and the scenarios of which one must fail then. */
export type Mutation = Readonly<{
  /** The rule that no longer holds, as a sentence of what goes wrong. */
  breaks: string;
  /** From the repository's root. */
  file: string;
  /** Occurs exactly once in the file. */
  from: string;
  to: string;
  /** Files from test/hasura/scenarios, without `.test.ts`. */
  scenarios: readonly string[];
}>;

/** The text with the mutation, or how often what it replaces is there where that is not once. */
export function mutate(text: string, { from, to }: Pick<Mutation, 'from' | 'to'>): string | number {
  const [before = '', after, ...more] = text.split(from);
  return after === undefined || more.length > 0
    ? more.length + (after === undefined ? 0 : 1)
    : before + to + after;
}

/** A scenario file that was run, as far as it got. */
export type Ran = {
  file: string;
  /** Why the file as a whole, or a hook of it, failed. */
  errors: readonly string[];
  tests: readonly { name: string; state: 'passed' | 'failed' | 'skipped' | 'pending'; because: string }[];
};

export type Played =
  | { kind: 'passed'; tests: number }
  /** A test ran and failed; `because` is what it says. */
  | { kind: 'failed'; test: string; because: string }
  /** Nothing was tested: a file could not be loaded, a hook failed, or there was no test. */
  | { kind: 'broken'; because: string };

/** What a run of scenarios came to. */
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

/** Where mutations are tried: a copy of the work tree. */
export type Workshop = {
  read(file: string): Promise<string>;
  write(file: string, text: string): Promise<void>;
  /** Runs these scenarios up to the first that fails. */
  play(scenarios: readonly string[]): Promise<Played>;
};

/** What no test should fail of: code that does not even run says nothing about the rule. */
const CRASH =
  /\b(?:Syntax|Reference)Error\b|internal_error|is not (?:a function|defined|iterable)|Cannot read properties of/;

/** Applies a mutation, plays its scenarios and takes it back. */
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
