type Parameters = Readonly<Record<string, string | number>>;
type Pair = readonly [name: string, value: string | number];

/** Escapes as Go does: a space is a plus sign. */
const escapeAsGo = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');

/** Spells parameters as Go does: sorted by name. Those of one name keep their order. */
const spell = (parameters: readonly Pair[]): string =>
  [...parameters]
    .sort(([a], [b]) => (a === b ? 0 : a < b ? -1 : 1))
    .map(([name, value]) => `${escapeAsGo(name)}=${escapeAsGo(String(value))}`)
    .join('&');

const partsOf = (target: string): { base: string; query: string } => {
  const [beforeFragment = ''] = target.split('#', 1);
  const start = beforeFragment.indexOf('?');
  if (start === -1) return { base: beforeFragment, query: '' };
  return { base: beforeFragment.slice(0, start), query: beforeFragment.slice(start + 1) };
};

/** Adds parameters to the query of a target. Those that it has stay, and all are sorted, as in GoTrue. */
export function withQuery(target: string, parameters: Parameters): string {
  const { base, query } = partsOf(target);
  const kept = [...new URLSearchParams(query)].filter(([name]) => !Object.hasOwn(parameters, name));
  return `${base}?${spell([...kept, ...Object.entries(parameters)])}`;
}

/** Replaces the fragment of a target. The mark `sb` tells clients that the fragment is for them. */
export const withFragment = (target: string, parameters: Parameters): string =>
  `${target.split('#', 1)[0]}#${spell(Object.entries({ ...parameters, sb: '' }))}`;
