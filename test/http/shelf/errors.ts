import { z } from 'zod';
import type { SpellError } from '../../../src/dialects/routes.ts';

const camelCase = (code: string): string =>
  code.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());

/**
 * The error form of the shelf: its own names, statuses and header, and a detail. The query may ask for a brief form. A GET of
 * one path is redirected.
 */
export const spellShelfError: SpellError = (error, { id, method, path, headers, query }) => {
  const { code, status, message, attribute, details } = error;
  const kind = camelCase(code);
  if (query.get('errors') === 'brief') return { status, code: kind, body: { brief: kind } };
  if (method === 'GET' && path === '/shelf/turn') {
    const location = `https://shelf.example/?error=${kind}`;
    return { status: 303, code: kind, body: null, headers: { location } };
  }
  const opening = 'opensAt' in details && { opensAt: details.opensAt };
  return {
    status: code === 'required' || code === 'invalid' ? 422 : status,
    code: kind,
    body: { fault: { kind, where: attribute, text: message, for: headers['x-reader'] ?? null, ...opening } },
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
      opensAt: z.string().optional(),
    }),
  }),
};

export const briefError = { name: 'BriefFault', schema: z.object({ brief: z.string() }) };
