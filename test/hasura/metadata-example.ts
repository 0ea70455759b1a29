import type { RuleId } from '../../src/commands/hasura/metadata/check/rules.ts';
import type { Declaration } from '../../src/commands/hasura/metadata/declaration-types.ts';
import { fixtureSdl } from './metadata-fixture.ts';

/** One change that breaks a good tree, and the one rule that must find it. */
export type BrokenExample = {
  rule: RuleId;
  /** The change, as in "the rule finds …". */
  what: string;
  /** File under `metadata/`, the text to replace everywhere in it, and its replacement. */
  edit?: readonly [file: string, from: string, to: string];
  /** Replaces only the first occurrence, where several roles have the same permission. */
  firstOnly?: boolean;
  add?: readonly [file: string, content: string];
  remove?: string;
  /** A gateway schema that differs from the one the tree was made for. */
  sdl?: string;
  /** A declaration that differs from the one the tree was made from. */
  declaration?: Declaration;
  /** Other rules that this change always breaks too. */
  also?: readonly RuleId[];
};

export const broken = (rule: RuleId, what: string): BrokenExample => ({ rule, what });

export const edited = (
  file: string,
  rule: RuleId,
  what: string,
  from: string,
  to: string,
  also: readonly RuleId[] = [],
): BrokenExample => ({
  ...{ rule, what, edit: [file, from, to], also },
});

/** Lines of a YAML file. */
export const lines = (indent: number, ...texts: string[]): string =>
  texts.map((text) => `${' '.repeat(indent)}${text}\n`).join('');

export const tableFile = (name: string) => `databases/portcullis/tables/portcullis_${name}.yaml`;

/** The fixture's SDL with an addition, or with a replacement. */
export const grown = (more: string) => `${fixtureSdl}\n${more}`;
export const changed = (from: string, to: string) => fixtureSdl.replace(from, to);
