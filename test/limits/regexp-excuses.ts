import type { Excuse } from '../support/probed-gateway.ts';

const OF_HEAD = 'A head has at most 16 KB.';
/** The expressions that run on long texts, and why they may. */
export const EXCUSES: readonly Excuse[] = [
  {
    regexp: String.raw`/\r\n|[\n\r]/g`,
    at: 'graphql/language/location.js',
    because: 'It looks for the one place of a syntax error, at each character once.',
  },
  {
    regexp: String.raw`/\{\{([^{}]*)\}\}/g`,
    at: 'src/mail/templates.ts',
    because: 'The text is the template of a mail, which is the operator’s.',
  },
  {
    at: 'jose/dist/webapi/lib/buffer_utils.js',
    because: 'A token has at most 7,168 characters; each expression is one character.',
  },
  {
    regexp: String.raw`/^\/[!#$&-;=?-\[\]_a-z~]*$/`,
    at: 'node-server/dist/index.mjs',
    because: `${OF_HEAD} It is one class, from the beginning.`,
  },
  {
    regexp: String.raw`/\/\.\.?(?:[/?#]|$)/`,
    at: 'node-server/dist/index.mjs',
    because: `${OF_HEAD} It looks at four characters from each slash.`,
  },
  {
    at: 'hono/dist/utils/url.js',
    because: `${OF_HEAD} They look at three characters from each percent sign.`,
  },
  {
    at: 'hono/dist/router/reg-exp-router/matcher.js',
    because: `${OF_HEAD} It is the paths of the routes, whose parameters end at a slash.`,
  },
  {
    regexp: String.raw`/(?:^|\W)100-continue(?:$|\W)/i`,
    at: 'src/http/connection.ts',
    because: `${OF_HEAD} Node looks for one word, at each character once.`,
  },
  {
    regexp: String.raw`/^[!-[\]-~]+$/`,
    at: 'src/redirects/redirects.ts',
    because: 'A target has at most 2,048 characters. It is one class, from the beginning.',
  },
];
