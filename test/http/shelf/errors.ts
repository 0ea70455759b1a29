import { z } from 'zod';
import type { SpellError } from '../../../src/dialects/routes.ts';

const camelCase = (code: string): string =>
  code.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The error form of the shelf: its own names, statuses and header. */
export const spellShelfError: SpellError = ({ code, status, message, attribute }, { id, headers }) => {
  const kind = camelCase(code);
  return {
    status: code === 'required' || code === 'invalid' ? 422 : status,
    code: kind,
    body: { fault: { kind, where: attribute, text: message, for: headers['x-reader'] ?? null } },
    headers: { 'x-shelf-fault': `${kind} ${id.length > 0}` },
  };
};

export const shelfError = {
  name: 'ShelfFault',
  schema: z.object({
    fault: z.object({
      kind: z.string(),
      where: z.string().nullable(),
      text: z.string(),
      for: z.string().nullable(),
    }),
  }),
};
