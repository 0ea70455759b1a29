import { type Endpoint, endpoint } from '../endpoint.ts';
import { refuse } from './errors.ts';

const disabled = () => refuse(404, 'saml_provider_disabled', 'SAML 2.0 is disabled');

/** The gateway has no SAML. Clients that ask for it get the answer of a GoTrue without it. */
export const ssoEndpoints = (): Endpoint[] => [
  endpoint({
    method: 'POST',
    path: '/sso',
    docs: {
      operationId: 'goTrueSso',
      summary: 'Refuse a sign-in by SAML',
      description: 'The gateway has no SAML.',
      answers: {},
      errors: [disabled()],
    },
    async handle() {
      throw disabled();
    },
  }),
];
