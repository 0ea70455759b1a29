import { stringify } from 'yaml';
import { GENERATED } from './generated-mark.ts';

/** Returns a metadata file. Texts like `!include …` are quoted, as in the files of Hasura's CLI. */
export function yamlFile(value: unknown): string {
  return `${GENERATED}\n${stringify(value, { lineWidth: 0, singleQuote: false, aliasDuplicateObjects: false })}`;
}
