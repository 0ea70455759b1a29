import { type DefinitionNode, isTypeDefinitionNode, Kind, parse } from 'graphql';

const BEGIN = '# Begin of the actions of Portcullis: npm run hasura:generate writes them';
const END = '# End of the actions of Portcullis';
const ROOTS: readonly string[] = ['Query', 'Mutation'];

type Cut = { start: number; end: number };

/** The names of the types and of the root fields of an SDL. */
function namesIn(sdl: string): { types: Set<string>; fields: Set<string> } {
  const types = parse(sdl).definitions.filter(isTypeDefinitionNode);
  const fields = types.flatMap((type) =>
    type.kind === Kind.OBJECT_TYPE_DEFINITION && ROOTS.includes(type.name.value) ? (type.fields ?? []) : [],
  );
  return {
    types: new Set(types.map(({ name }) => name.value).filter((name) => !ROOTS.includes(name))),
    fields: new Set(fields.map(({ name }) => name.value)),
  };
}

/** Returns the parts of a definition that are ours: all of it, or single root fields. */
function cutsOf(node: DefinitionNode, ours: ReturnType<typeof namesIn>): Cut[] {
  if (!isTypeDefinitionNode(node) || node.loc === undefined) return [];
  if (ours.types.has(node.name.value)) return [node.loc];
  if (node.kind !== Kind.OBJECT_TYPE_DEFINITION || !ROOTS.includes(node.name.value)) return [];
  const fields = node.fields ?? [];
  const cut = fields.filter(({ name }) => ours.fields.has(name.value));
  return cut.length === fields.length ? [node.loc] : cut.flatMap(({ loc }) => loc ?? []);
}

/** Widens a cut to whole lines, and takes the empty line after it. */
function toLines(text: string, { start, end }: Cut): Cut {
  const before = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
  const after = /^[ \t]*(\n|$)(\s*\n)?/.exec(text.slice(end));
  if (before.trim() !== '' || after === null) return { start, end };
  return { start: start - before.length, end: end + after[0].length };
}

function withoutOurs(text: string, sdl: string): string {
  if (text.replace(/#.*$/gm, '').trim() === '') return text;
  const ours = namesIn(sdl);
  const cuts = parse(text).definitions.flatMap((node) => cutsOf(node, ours));
  return cuts
    .map((cut) => toLines(text, cut))
    .toReversed()
    .reduce((rest, { start, end }) => rest.slice(0, start) + rest.slice(end), text);
}

/**
 * Puts the SDL of our actions into `actions.graphql`, between two comments. Definitions of ours outside of them are removed, since
 * an export of Hasura's CLI loses comments. All other lines stay as they are.
 * @throws GraphQLError if the file is not GraphQL
 */
export function putActionSdl(text: string, sdl: string): string {
  const block = `${BEGIN}\n${sdl.trimEnd()}\n${END}\n`;
  const start = text.indexOf(BEGIN);
  const end = text.indexOf(END, start);
  if (start !== -1 && end !== -1) {
    const [before, after] = [text.slice(0, start), text.slice(end + END.length).replace(/^\n/, '')];
    return withoutOurs(before, sdl) + block + withoutOurs(after, sdl);
  }
  const rest = withoutOurs(text, sdl);
  return rest.trim() === '' ? block : `${rest.trimEnd()}\n\n${block}`;
}

/** The SDL that `putActionSdl` wrote the last time; empty if it did not write one. */
export function writtenActionSdl(text: string): string {
  const start = text.indexOf(BEGIN);
  const end = text.indexOf(END, start);
  return start === -1 || end === -1 ? '' : text.slice(start + BEGIN.length, end);
}
