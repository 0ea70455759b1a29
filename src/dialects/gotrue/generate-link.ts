import { z } from 'zod';
import { generateLink, type LinkPurpose } from '../../flows/admin/generate-link.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { answerOf, spelled } from './admin-bodies.ts';
import { adminErrors, adminToken, requireAdmin } from './bearer.ts';
import { DATA, EMAIL, PASSWORD, REDIRECT_QUERY, redirectsOf, requireEmailLength } from './bodies.ts';
import { validationFailed } from './errors.ts';
import { UserSchema } from './schemas.ts';

const TYPES: readonly LinkPurpose[] = [
  'signup',
  'magiclink',
  'recovery',
  'invite',
  'email_change_current',
  'email_change_new',
];

const LinkBody = z.object({
  type: z
    .string()
    .default('')
    .meta({ description: `One of ${TYPES.join(', ')}.`, examples: ['magiclink'] }),
  email: EMAIL,
  new_email: z.string().default('').meta({ description: 'The new address of a change.' }),
  password: PASSWORD,
  data: DATA,
  redirect_to: z.string().default('').meta({ description: 'Where the link leads, if it is allowed.' }),
});

const GeneratedLink = UserSchema.extend({
  action_link: z.string().meta({ description: 'The link to send to the user.' }),
  email_otp: z.string().meta({ description: 'The code, in place of the link.' }),
  hashed_token: z.string().meta({ description: 'The token of the link, for `token_hash` of `/verify`.' }),
  verification_type: z
    .enum([...TYPES])
    .meta({ description: 'The type. A magiclink for an unknown address is a signup.' }),
  redirect_to: z.string(),
});

/** @throws AuthError `validation_failed` */
function purposeOf({ type }: z.output<typeof LinkBody>): LinkPurpose {
  const purpose = TYPES.find((each) => each === type);
  if (purpose === undefined)
    throw validationFailed(`Invalid email action link type requested: ${JSON.stringify(type.slice(0, 64))}`);
  return purpose;
}

/** Links that a server sends to users itself. */
export const generateLinkEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'POST',
    path: '/admin/generate_link',
    docs: {
      operationId: 'goTrueGenerateLink',
      summary: 'Make a link and a code for a user',
      description:
        'It mails nothing. An unknown address gets an account by `signup`, `invite` and `magiclink`.',
      security: adminToken,
      answers: { 200: { description: 'The user, the link and the code.', schema: GeneratedLink } },
      errors: [
        ...adminErrors,
        ...(['invalid', 'min_length', 'already_registered', 'not_found', 'busy'] as const),
      ],
    },
    authenticate: (incoming) => requireAdmin(deps, incoming),
    query: z.object(REDIRECT_QUERY),
    body: LinkBody,
    async handle({ by, body, query, request }, c) {
      const purpose = purposeOf(body);
      requireEmailLength(body.email);
      const { email, new_email: newEmail, password, data: userMetadata } = body;
      const redirects = [body.redirect_to, ...redirectsOf(request, query)];
      const input = { purpose, email, newEmail, password, userMetadata, redirects };
      const made = await spelled(() => generateLink(deps, by, input));
      return c.json({
        ...(await answerOf(deps, made.userId)),
        action_link: made.link,
        email_otp: made.code,
        hashed_token: made.token,
        verification_type: made.purpose,
        redirect_to: made.redirectTo,
      });
    },
  }),
];
