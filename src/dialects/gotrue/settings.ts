import { z } from 'zod';
import { takesPhones } from '../../flows/shared/phone-codes.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { health } from '../health.ts';
import { keyEndpoints } from '../keys/endpoints.ts';

/** The providers that GoTrue's settings name, in its order, whether they are on or off. */
const PROVIDERS = [
  ...['apple', 'azure', 'bitbucket', 'discord', 'facebook', 'snapchat', 'figma', 'fly', 'github', 'gitlab'],
  ...['google', 'keycloak', 'kakao', 'linkedin', 'linkedin_oidc', 'notion', 'spotify', 'slack', 'slack_oidc'],
  ...['workos', 'twitch', 'twitter'],
];

const FLAG = z.boolean();
const Settings = z.object({
  external: z
    .record(z.string(), z.boolean())
    .meta({ description: 'The ways of signing in, and whether each is on.' }),
  disable_signup: FLAG.meta({ description: 'Whether people cannot sign up by themselves.' }),
  mailer_autoconfirm: FLAG.meta({ description: 'Whether an address need not be confirmed here.' }),
  phone_autoconfirm: FLAG.meta({ description: 'Whether a number need not be confirmed here.' }),
  sms_provider: z.string().meta({ description: 'What sends text messages. Empty if nothing does.' }),
  saml_enabled: FLAG,
  saml_private_key_next_configured: FLAG,
  passkeys_enabled: FLAG,
  autoconfirm: FLAG.meta({ description: 'The same as mailer_autoconfirm, for older clients.' }),
});

/** What clients may know of the gateway before they sign in. */
function settingsOf(deps: GatewayDeps): z.output<typeof Settings> {
  const { config } = deps;
  const { autoconfirm } = config.gotrue;
  return {
    external: {
      anonymous_users: config.anonymousSignIn,
      ...Object.fromEntries(PROVIDERS.map((name) => [name, false])),
      ...{ email: true, phone: takesPhones(deps), zoom: false },
      ...Object.fromEntries(config.providers.map(({ name }) => [name, true])),
    },
    disable_signup: config.signup !== 'on',
    mailer_autoconfirm: autoconfirm.includes('email'),
    phone_autoconfirm: autoconfirm.includes('phone'),
    sms_provider: config.sms.provider === 'off' ? '' : config.sms.provider,
    saml_enabled: false,
    saml_private_key_next_configured: false,
    passkeys_enabled: false,
    autoconfirm: autoconfirm.includes('email'),
  };
}

const Health = z.object({ version: z.string(), name: z.string(), description: z.string() });

/** The endpoints that tell strangers about the gateway. `/health` and the keys are at the root without this dialect. */
export const settingsEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: '/settings',
    docs: {
      operationId: 'goTrueSettings',
      summary: 'Get the public settings',
      answers: { 200: { description: 'The settings.', schema: Settings } },
    },
    handle: (_call, c) => c.json(settingsOf(deps)),
  }),
  endpoint({
    method: 'GET',
    path: '/health',
    aliasesOnly: true,
    isVital: true,
    docs: {
      operationId: 'goTrueHealth',
      summary: 'Tell that the gateway lives',
      answers: { 200: { description: 'The gateway lives.', schema: Health } },
    },
    handle: (_call, c) => c.json(health),
  }),
  ...keyEndpoints(deps, { goTrueJwks: '/.well-known/jwks.json' }).map((each) => ({
    ...each,
    aliasesOnly: true,
  })),
];
