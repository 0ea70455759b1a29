import { z } from 'zod';
import { type ErrorCode, errorCatalogue } from '../errors.ts';
import type { SpellError } from './routes.ts';

/** The gateway's own spelling of errors: for paths that no dialect knows, for pages, and for dialects without another one. */
export const spellGatewayError: SpellError = ({ status, code, message, attribute }) => ({
  status,
  code,
  body: { code, detail: message, attribute },
});

/** The same for OpenAPI. */
export const gatewayError = {
  name: 'Error',
  schema: z
    .object({
      code: z
        .enum(Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]])
        .meta({ description: 'What went wrong.' }),
      detail: z.string().meta({ description: 'What went wrong, as a sentence.' }),
      attribute: z
        .string()
        .nullable()
        .meta({ description: 'The input that is at fault. Null if it is not one input.' }),
    })
    .meta({ description: 'An error.' }),
};

/** Why a new password is refused. */
export const newPasswordErrors = [
  'min_length',
  'missing_characters',
  'leaked_password',
  'max_length',
] as const satisfies readonly ErrorCode[];
