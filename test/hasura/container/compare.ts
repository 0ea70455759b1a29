/** The part of Vitest's JSON report that is read here. */
export type Report = {
  success: boolean;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] | null }[];
  }[];
};

/** A scenario's outcome: null if it passed, else the first line of its error. */
export type Outcomes = ReadonlyMap<string, string | null>;

export type Difference = { scenario: string; onStandIn: string; onEngine: string };

const firstLine = (text: string | undefined): string => text?.split('\n')[0]?.trim() || 'failed';

/** The name under which a failure outside the scenarios is listed. */
const RUN = 'the run as a whole';

/**
 * The outcomes by file and name. A file that failed outside its scenarios, or did not run, counts as a failed scenario. A run
 * that failed outside its files, for example with an uncaught error, counts as one too.
 */
export function readOutcomes({ success, testResults }: Report, root: string): Outcomes {
  const outcomes = new Map<string, string | null>();
  const note = (scenario: string, outcome: string | null) =>
    outcomes.set(scenario, outcomes.get(scenario) ?? outcome);
  for (const { name, status: fileStatus, message, assertionResults } of testResults) {
    const file = name.replace(`${root}/`, '');
    for (const { fullName, status, failureMessages } of assertionResults)
      note(`${file}: ${fullName}`, status === 'passed' ? null : firstLine(failureMessages?.[0]));
    const failed = assertionResults.some(({ status }) => status !== 'passed');
    if (assertionResults.length === 0 || (fileStatus !== 'passed' && !failed)) note(file, firstLine(message));
  }
  const isExplained = [...outcomes.values()].some((outcome) => outcome !== null);
  if (!success && !isExplained) note(RUN, 'failed');
  return outcomes;
}

/** Every scenario that did not pass on both sides. A scenario of one side only counts as not run on the other. */
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
