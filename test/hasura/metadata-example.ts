import type { RuleId } from '../../src/commands/hasura/metadata/check/rules.ts';
import type { Declaration } from '../../src/commands/hasura/metadata/declaration-types.ts';
import { fixtureSdl } from './metadata-fixture.ts';

/** One thing broken in a good tree, and the one rule that must notice. */
export type BrokenExample = {
  rule: RuleId;
  what: string;
  /** File under `metadata/`, what to replace in it (everywhere) and by what. */
  edit?: readonly [file: string, from: string, to: string];
  /** Only where the text stands first; for permissions that several roles have. */
  firstOnly?: boolean;
  add?: readonly [file: string, content: string];
  remove?: string;
  /** Another gateway schema than the one the tree was made for. */
  sdl?: string;
  /** Another declaration than the one the tree was made from. */
  declaration?: Declaration;
  /** Rules that cannot but fire with it. */
  also?: readonly RuleId[];
};

export const broken = (rule: RuleId, what: string): BrokenExample => ({ rule, what });

export const edited = (
  file: string,
  rule: RuleId,
  what: string,
  from: string,
  to: string,
): BrokenExample => ({
  ...{ rule, what, edit: [file, from, to] },
});

/** Lines of a YAML file. */
export const lines = (indent: number, ...texts: string[]): string =>
  texts.map((text) => `${' '.repeat(indent)}${text}\n`).join('');

export const tableFile = (name: string) => `databases/default/tables/portcullis_${name}.yaml`;

/** The fixture's SDL with more in it, or with something else. */
export const grown = (more: string) => `${fixtureSdl}\n${more}`;
export const changed = (from: string, to: string) => fixtureSdl.replace(from, to);
