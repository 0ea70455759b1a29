import { requestReauthentication } from '../../flows/account/request-reauthentication.ts';
import { builder } from '../builder.ts';
import { paragraphs } from '../descriptions.ts';
import { requireAccountHolder } from '../viewer.ts';
import { OkPayload, ok } from './ok-payload.ts';

builder.mutationField('requestReauthentication', (t) =>
  t.field({
    type: OkPayload,
    description: paragraphs(
      'Sends a code to the current user, by which they show that they are present: to the email address, or to the phone number if they have no address.',
      'It is for a user without a password whose last sign-in is too long ago: `changeEmail`, `deleteAccount`, `createAccessToken`, `linkProvider` and `totpEnroll` take it as `code`. The code of an earlier request stops working.',
      'Error codes: `unauthenticated`, `permission_denied` (for a team token or a personal access token), `second_factor_required`, `required` (`email`: the user has neither an address nor a number), `email_not_verified`, `phone_not_verified`, `feature_disabled` (`phone`: the gateway sends no text messages), `rate_limited`.',
    ),
    resolve: async (_root, _args, { deps, caller }) => {
      await requestReauthentication(deps, await requireAccountHolder(caller));
      return ok;
    },
  }),
);
