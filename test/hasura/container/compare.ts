/** What Vitest's JSON reporter writes, as far as it is read here. */
export type Report = {
  testResults: {
    name: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] | null }[];
  }[];
};

/** A scenario's outcome: null where it passed, else the first line of what went wrong. */
export type Outcomes = ReadonlyMap<string, string | null>;

export type Difference = { scenario: string; onStandIn: string; onEngine: string };

const firstLine = (text: string | undefined): string => text?.split('\n')[0]?.trim() || 'failed';

/** The outcomes by file and name. A file that could not be run at all counts as one scenario that failed. */
export function readOutcomes({ testResults }: Report, root: string): Outcomes {
  const outcomes = new Map<string, string | null>();
  for (const { name, message, assertionResults } of testResults) {
    const file = name.replace(`${root}/`, '');
    if (assertionResults.length === 0) outcomes.set(file, firstLine(message));
    for (const { fullName, status, failureMessages } of assertionResults)
      outcomes.set(`${file}: ${fullName}`, status === 'passed' ? null : firstLine(failureMessages?.[0]));
  }
  return outcomes;
}

/** Every scenario that did not pass on both. One that only one of them has did not run on the other. */
export function findDifferences(standIn: Outcomes, engine: Outcomes): Difference[] {
  const said = (outcomes: Outcomes, scenario: string) =>
    outcomes.has(scenario) ? (outcomes.get(scenario) ?? 'passed') : 'not run';
  return [...new Set([...standIn.keys(), ...engine.keys()])]
    .map((scenario) => ({
      scenario,
      onStandIn: said(standIn, scenario),
      onEngine: said(engine, scenario),
    }))
    .filter(({ onStandIn, onEngine }) => onStandIn !== 'passed' || onEngine !== 'passed');
}
