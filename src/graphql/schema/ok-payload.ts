import { builder } from '../builder.ts';

/** For what has nothing to tell but that it was done. */
export const OkPayload = builder.objectRef<{ ok: true }>('OkPayload');
export const ok = { ok: true } as const;

OkPayload.implement({
  description: 'It was done, or will be. Some answers tell no more on purpose.',
  fields: (t) => ({ ok: t.exposeBoolean('ok', { description: 'Always true: what fails is an error.' }) }),
});
