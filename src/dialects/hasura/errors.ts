import { errorCatalogue } from '../../errors.ts';
import { requestIdExtension } from '../../request/request-id.ts';
import type { SpellError } from '../routes.ts';

/**
 * Hasura passes a 4xx answer on to its caller and discards any other body, so every failure is a 4xx
 * (hasura/README.md, "Actions"). Older engines read `code` beside the message, newer ones `extensions`.
 */
export const spellActionError: SpellError = (error, { id }) => ({
  status: error.status >= 400 && error.status < 500 ? error.status : 400,
  code: error.code,
  body: {
    message:
      error.message === errorCatalogue.not_found.message ? 'This action does not exist.' : error.message,
    code: error.code,
    extensions: { ...error.extensions, ...requestIdExtension(error, id) },
  },
});
