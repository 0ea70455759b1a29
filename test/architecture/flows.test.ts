import { expect, test } from 'vitest';
import { readSources } from './walls.ts';

/** The folders of flows: what a person or the operator can do. */
const FLOWS = /^flows\/(?:sign-in|second-factor|account|teams|admin)\//;

/** An export, from the start of its line. */
const EXPORT = /^export (?!type |interface )(?<rest>[\s\S]*?)(?=^export |$(?![\s\S]))/gm;
const FUNCTION = /^(?:(?:async )?function (?<name>\w+)|const (?<constant>\w+) = (?:async )?)\(/;
/** A list or a text. */
const DATA = /^const \w+ = ['"[]/;

const OPENING = /[([{<]/;
const CLOSING = /[)\]}>]/;

/** The parameters in a text that begins after their opening bracket. */
function parametersIn(text: string): string[] {
  const parameters = [''];
  let depth = 0;
  // The arrow of a function type closes no bracket.
  for (const [part] of text.matchAll(/=>|[\s\S]/g)) {
    if (OPENING.test(part)) depth += 1;
    else if (part !== '=>' && CLOSING.test(part)) depth -= 1;
    if (depth < 0) break;
    if (part === ',' && depth === 0) parameters.push('');
    else parameters.push(`${parameters.pop()}${part}`);
  }
  return parameters.map((parameter) => parameter.trim()).filter((parameter) => parameter !== '');
}

const DEPS = /^(?:deps|\{[^}]*(?:\{[^}]*\}[^}]*)*\}): Deps$/;
const BY = /^_?by: (?:Caller|Viewer|Caller \| Viewer)$/;
const INPUT = /^(?:input\b|\{)/;

/** What parameters have against the shape (deps, by, input); null if they have it. */
function faultOf([deps = '', by = '', input, ...others]: readonly string[]): string | null {
  if (!DEPS.test(deps)) return 'the first parameter is not deps: Deps';
  if (!BY.test(by)) return 'the second parameter is not by: Caller or Viewer';
  if (input !== undefined && !INPUT.test(input)) return 'the third parameter is not input';
  return others.length > 0 ? 'there is a fourth parameter' : null;
}

/** The exports of a file that are neither types nor data, each with what it has against the shape, or null. */
const flowsIn = (text: string): { name: string; fault: string | null }[] =>
  [...text.matchAll(EXPORT)]
    .map(({ groups }) => groups?.rest ?? '')
    .filter((rest) => !DATA.test(rest))
    .map((rest) => {
      const found = FUNCTION.exec(rest);
      if (found === null) return { name: rest.trim(), fault: 'it is not a function' };
      const name = found.groups?.name ?? found.groups?.constant ?? '';
      return { name, fault: faultOf(parametersIn(rest.slice(found[0].length))) };
    });

const faultsIn = (text: string): string[] =>
  flowsIn(text).flatMap(({ name, fault }) => (fault === null ? [] : [`${name}: ${fault}`]));

test('every flow has the shape (deps, by, input)', async () => {
  const files = [...(await readSources())].filter(([file]) => FLOWS.test(file));
  expect(files.filter(([, text]) => flowsIn(text).length === 0).map(([file]) => file)).toEqual([]);
  expect(files.flatMap(([, text]) => flowsIn(text)).length).toBeGreaterThan(30);
  expect(files.flatMap(([file, text]) => faultsIn(text).map((fault) => `${file} ${fault}`))).toEqual([]);
});

test.each([
  'export async function f(deps: Deps, by: Caller, input: LoginInput): Promise<SignedIn> {}',
  'export function f(\n  { config: { limits } }: Deps,\n  by: Viewer,\n  { id }: { id: string },\n): void {}',
  'export const f = (deps: Deps, _by: Caller): Promise<User> => find(deps);',
  'export function f(deps: Deps, by: Caller | Viewer, input: Map<A, B> & { run: () => void }) {}',
])('the shape is allowed: %s', (text) => {
  expect(flowsIn(text)).toEqual([{ name: 'f', fault: null }]);
});

test('types, data and what is not exported have no shape', () => {
  const text = "export type A = 'a';\nexport const scopes = ['LOCAL'] as const;\nfunction f(tx: Tx) {}\n";
  expect(flowsIn(text)).toEqual([]);
});

const FIRST = 'the first parameter is not deps: Deps';
const SECOND = 'the second parameter is not by: Caller or Viewer';

test.each([
  ['export function f() {}', `f: ${FIRST}`],
  ['export function f(tx: Transaction, by: Caller, input: Input) {}', `f: ${FIRST}`],
  ['export function f({ db }: KeysDeps, by: Caller) {}', `f: ${FIRST}`],
  ['export async function f(deps: Deps): Promise<void> {}', `f: ${SECOND}`],
  ['export function f(deps: Deps, input: Input) {}', `f: ${SECOND}`],
  ['export function f(deps: Deps, by: string) {}', `f: ${SECOND}`],
  ['export const f = async (deps: Deps, input: Input, by: Caller) => {};', `f: ${SECOND}`],
  ['export function f(deps: Deps, by: Viewer, teamId: string) {}', 'f: the third parameter is not input'],
  ['export function f(deps: Deps, by: Viewer, input: A, more: B) {}', 'f: there is a fourth parameter'],
  ['export const f = create(login);', 'const f = create(login);: it is not a function'],
  ['export { f };', '{ f };: it is not a function'],
  [
    'export function f(deps: Deps, by: Viewer) {}\nexport function g(deps: Deps, id: string) {}',
    `g: ${SECOND}`,
  ],
])('a wrong shape is found: %s', (text, fault) => {
  expect(faultsIn(text)).toEqual([fault]);
});
