import { builder } from '../builder.ts';

/** The answer of a mutation that returns no data. */
export const OkPayload = builder.objectRef<{ ok: true }>('OkPayload');
export const ok = { ok: true } as const;

OkPayload.implement({
  description: 'The gateway has done this, or will do it soon. Some mutations tell no more on purpose.',
  fields: (t) => ({ ok: t.exposeBoolean('ok', { description: 'Always true: a failure is an error.' }) }),
});
