import { stringify } from 'yaml';
import { GENERATED } from './generated-mark.ts';

/** A metadata file. Strings such as `!include …` come out quoted, as Hasura's CLI writes them itself. */
export function yamlFile(value: unknown): string {
  return `${GENERATED}\n${stringify(value, { lineWidth: 0, singleQuote: false, aliasDuplicateObjects: false })}`;
}
