import { configureLimits, type LimitDeclaration, limitVariables } from '../limit.ts';
import { flag } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';
import { isProduction } from './server.ts';

/** All limits but those of mails (mail.ts). The replicas share their counters, except those of `internalSecretPerAddress`. */
const limits = {
  loginPerAccount: {
    name: 'login_account',
    per: 'account',
    variable: 'LIMIT_LOGIN_PER_ACCOUNT',
    default: '10/900',
    description:
      'Failed logins per account, as count/seconds. Each device and each address that has signed in to the account before has its own count.',
  },
  mailedTokenPasswordPerUser: { name: 'mailed_token_password', per: 'user', rateOf: 'loginPerAccount' },
  currentPasswordPerSession: {
    name: 'current_password',
    per: 'session',
    variable: 'LIMIT_CURRENT_PASSWORD_PER_SESSION',
    default: '10/900',
    description: 'Wrong passwords per session, in changes that ask for the current password.',
  },
  secondFactorPerUser: {
    name: 'second_factor',
    per: 'user',
    variable: 'LIMIT_SECOND_FACTOR_PER_USER',
    default: '5/900',
    description:
      'Wrong codes of the second factor, recovery codes included. Only a client that has shown the first factor can use them up.',
  },
  loginPerAddress: {
    name: 'login_address',
    per: 'address',
    variable: 'LIMIT_LOGIN_PER_ADDRESS',
    default: '300/300',
    description: 'Logins per client address. For IPv6, per /64 network.',
  },
  loginUnaddressed: {
    name: 'login_unaddressed',
    per: 'unaddressed',
    variable: 'LIMIT_LOGIN_UNADDRESSED',
    default: '6000/300',
    description:
      'Logins of all clients whose address is unknown (behind Hasura). If a captcha is configured, the last fifth of this and of each other shared limit needs one.',
  },
  signupPerAddress: {
    name: 'signup_address',
    per: 'address',
    variable: 'LIMIT_SIGNUP_PER_ADDRESS',
    default: '60/3600',
    description: 'Sign-ups per client address.',
  },
  signupUnaddressed: {
    name: 'signup_unaddressed',
    per: 'unaddressed',
    variable: 'LIMIT_SIGNUP_UNADDRESSED',
    default: '1200/3600',
    description: 'Sign-ups of all clients whose address is unknown (behind Hasura).',
  },
  providerPerAddress: {
    name: 'provider_address',
    per: 'address',
    variable: 'LIMIT_PROVIDER_PER_ADDRESS',
    default: '120/300',
    description: 'Sign-ins by providers per client address: those that begin, those that end, and ID tokens.',
  },
  providerUnaddressed: {
    name: 'provider_unaddressed',
    per: 'unaddressed',
    variable: 'LIMIT_PROVIDER_UNADDRESSED',
    default: '2400/300',
    description: 'The same of all clients whose address is unknown.',
  },
  anonymousPerAddress: {
    name: 'anonymous_address',
    per: 'address',
    variable: 'LIMIT_ANONYMOUS_PER_ADDRESS',
    default: '30/3600',
    description: 'Anonymous sign-ins per client address.',
  },
  anonymousUnaddressed: {
    name: 'anonymous_unaddressed',
    per: 'unaddressed',
    variable: 'LIMIT_ANONYMOUS_UNADDRESSED',
    default: '600/3600',
    description: 'Anonymous sign-ins of all clients whose address is unknown (behind Hasura).',
  },
  passwordResetPerAddress: {
    name: 'password_reset_address',
    per: 'address',
    variable: 'LIMIT_PASSWORD_RESET_PER_ADDRESS',
    default: '60/3600',
    description: 'Mails for a password reset per client address.',
  },
  passwordResetUnaddressed: {
    name: 'password_reset_unaddressed',
    per: 'unaddressed',
    variable: 'LIMIT_PASSWORD_RESET_UNADDRESSED',
    default: '1200/3600',
    description: 'Mails for a password reset of all clients whose address is unknown (behind Hasura).',
  },
  codePerAddress: {
    name: 'code_address',
    per: 'address',
    variable: 'LIMIT_CODES_PER_ADDRESS',
    default: '60/3600',
    description: 'Mails with a code or a link to sign in, per client address.',
  },
  codeUnaddressed: {
    name: 'code_unaddressed',
    per: 'unaddressed',
    variable: 'LIMIT_CODES_UNADDRESSED',
    default: '1200/3600',
    description: 'The same mails of all clients whose address is unknown (behind Hasura).',
  },
  codeGuessPerAddress: {
    name: 'code_guess_address',
    per: 'address',
    variable: 'LIMIT_CODE_GUESSES_PER_ADDRESS',
    default: '300/300',
    description: 'Codes and links that a client address may try. Each code allows five guesses in any case.',
  },
  codeGuessUnaddressed: {
    name: 'code_guess_unaddressed',
    per: 'unaddressed',
    variable: 'LIMIT_CODE_GUESSES_UNADDRESSED',
    default: '6000/300',
    description: 'The same attempts of all clients whose address is unknown (behind Hasura).',
  },
  emailExistsPerAddress: {
    name: 'email_exists_address',
    per: 'address',
    variable: 'LIMIT_EMAIL_EXISTS_PER_ADDRESS',
    default: '30/300',
    description: 'Questions per client address whether an email address has an account.',
  },
  emailExistsUnaddressed: {
    name: 'email_exists_unaddressed',
    per: 'unaddressed',
    variable: 'LIMIT_EMAIL_EXISTS_UNADDRESSED',
    default: '600/300',
    description: 'The same questions of all clients whose address is unknown (behind Hasura).',
  },
  emailChangesPerUser: {
    name: 'email_change_user',
    per: 'user',
    variable: 'LIMIT_EMAIL_CHANGES_PER_USER',
    default: '10/86400',
    description: 'Changes of the email address that a user may request.',
  },
  changesPerUser: {
    name: 'changes',
    per: 'user',
    variable: 'LIMIT_CHANGES_PER_USER',
    default: '300/3600',
    description: 'Changes of names and roles, and switches of the team, per user.',
  },
  renewalsPerSession: {
    name: 'renewals',
    per: 'session',
    variable: 'LIMIT_RENEWALS_PER_SESSION',
    default: '120/3600',
    description: "Renewals of a session's tokens by its access token (`GET /api/refresh`).",
  },
  exchangesPerPersonalToken: {
    name: 'personal_token',
    per: 'session',
    variable: 'LIMIT_EXCHANGES_PER_PERSONAL_TOKEN',
    default: '300/3600',
    description: 'Sign-ins with a personal access token, per personal access token.',
  },
  /** Spent refresh tokens of a session that clients may present. Each is recorded. The tabs of a browser need far fewer. */
  refreshRepeatsPerSession: { name: 'refresh_repeats', per: 'session', rate: { count: 500, seconds: 3600 } },
  teamsPerUser: {
    name: 'create_team',
    per: 'user',
    variable: 'LIMIT_TEAMS_PER_USER',
    default: '50/86400',
    description: 'Teams that a user may create.',
  },
  projectsPerUser: {
    name: 'create_project',
    per: 'user',
    variable: 'LIMIT_PROJECTS_PER_USER',
    default: '500/86400',
    description: 'Projects that a user may create.',
  },
  invitesPerTeam: {
    name: 'invite_team',
    per: 'team',
    variable: 'LIMIT_INVITES_PER_TEAM',
    default: '200/86400',
    description: 'Addresses that members may invite to a team, repeats included.',
  },
  invitesPerInviter: {
    name: 'invite_inviter',
    per: 'user',
    variable: 'LIMIT_INVITES_PER_INVITER',
    default: '200/86400',
    description: 'Addresses that a user may invite, to all teams together.',
  },
  internalSecretPerAddress: {
    name: 'internal_secret',
    per: 'address',
    variable: 'LIMIT_INTERNAL_SECRET_PER_ADDRESS',
    default: '30/300',
    description:
      'Wrong internal secrets per client address and replica. Further ones are answered with `rate_limited`. The right secret is always accepted.',
  },
} as const satisfies Record<string, LimitDeclaration>;

/** The rate limits. */
export const rateVariables = {
  RATE_LIMITS: variable({
    parser: flag(),
    default: 'on',
    description: '`off` is for benchmarks only. It is refused in production.',
  }),
  ...limitVariables(limits),
};

export const rateConfig = (e: Environment) => ({ enabled: e.RATE_LIMITS, ...configureLimits(limits, e) });

export const rateProblems = (e: Environment): string[] =>
  isProduction(e) && !e.RATE_LIMITS ? ['RATE_LIMITS: cannot be off in production'] : [];
