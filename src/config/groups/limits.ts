import { DAY, flag, limit, seconds } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';
import { isProduction } from './server.ts';

/** How often somebody may do something. */
export const limitVariables = {
  RATE_LIMITS: variable({
    parser: flag(),
    default: 'on',
    description: '`off` is for benchmarks only. It is refused in production.',
  }),
  LIMIT_LOGIN_PER_ACCOUNT: variable({
    parser: limit(),
    default: '10/900',
    description:
      'Failed logins per account, as count/seconds. Each device and each address that has signed in to the account before has its own count.',
  }),
  LIMIT_CURRENT_PASSWORD_PER_SESSION: variable({
    parser: limit(),
    default: '10/900',
    description: 'Wrong passwords per session, in changes that ask for the current password.',
  }),
  LIMIT_LOGIN_PER_ADDRESS: variable({
    parser: limit(),
    default: '300/300',
    description: 'Logins per client address. For IPv6, per /64 network.',
  }),
  LIMIT_LOGIN_UNADDRESSED: variable({
    parser: limit(),
    default: '6000/300',
    description:
      'Logins of all clients whose address is unknown (behind Hasura). If a captcha is configured, the last fifth of this and of each other shared limit needs one.',
  }),
  LIMIT_SIGNUP_PER_ADDRESS: variable({
    parser: limit(),
    default: '60/3600',
    description: 'Sign-ups per client address.',
  }),
  LIMIT_SIGNUP_UNADDRESSED: variable({
    parser: limit(),
    default: '1200/3600',
    description: 'Sign-ups of all clients whose address is unknown (behind Hasura).',
  }),
  LIMIT_PASSWORD_RESET_PER_ADDRESS: variable({
    parser: limit(),
    default: '60/3600',
    description: 'Mails for a password reset per client address.',
  }),
  LIMIT_PASSWORD_RESET_UNADDRESSED: variable({
    parser: limit(),
    default: '1200/3600',
    description: 'Mails for a password reset of all clients whose address is unknown (behind Hasura).',
  }),
  LIMIT_EMAIL_EXISTS_PER_ADDRESS: variable({
    parser: limit(),
    default: '30/300',
    description: 'Questions per client address whether an email address has an account.',
  }),
  LIMIT_EMAIL_EXISTS_UNADDRESSED: variable({
    parser: limit(),
    default: '600/300',
    description: 'The same questions of all clients whose address is unknown (behind Hasura).',
  }),
  LIMIT_EMAIL_CHANGES_PER_USER: variable({
    parser: limit(),
    default: '10/86400',
    description: 'Changes of the email address that a user may request.',
  }),
  LIMIT_CHANGES_PER_USER: variable({
    parser: limit(),
    default: '300/3600',
    description: 'Changes of names and roles, and switches of the team, per user.',
  }),
  LIMIT_RENEWALS_PER_SESSION: variable({
    parser: limit(),
    default: '120/3600',
    description: "Renewals of a session's tokens by its access token (`GET /api/refresh`).",
  }),
  LIMIT_TEAMS_PER_USER: variable({
    parser: limit(),
    default: '50/86400',
    description: 'Teams that a user may create.',
  }),
  LIMIT_PROJECTS_PER_USER: variable({
    parser: limit(),
    default: '500/86400',
    description: 'Projects that a user may create.',
  }),
  LIMIT_INVITES_PER_TEAM: variable({
    parser: limit(),
    default: '200/86400',
    description: 'Addresses that members may invite to a team, repeats included.',
  }),
  LIMIT_INVITES_PER_INVITER: variable({
    parser: limit(),
    default: '200/86400',
    description: 'Addresses that a user may invite, to all teams together.',
  }),
  LIMIT_INTERNAL_SECRET_PER_ADDRESS: variable({
    parser: limit(),
    default: '30/300',
    description:
      'Wrong internal secrets per client address and replica. Further ones are answered with `rate_limited`. The right secret is always accepted.',
  }),
  INVITE_TTL: variable({
    parser: seconds(60, 365 * DAY),
    default: String(7 * DAY),
    description: 'Seconds that an invite is valid. Inviting the address again restarts them.',
  }),
};

export const limitConfig = (e: Environment) => ({
  limits: {
    enabled: e.RATE_LIMITS,
    loginPerAccount: e.LIMIT_LOGIN_PER_ACCOUNT,
    currentPasswordPerSession: e.LIMIT_CURRENT_PASSWORD_PER_SESSION,
    loginPerAddress: e.LIMIT_LOGIN_PER_ADDRESS,
    loginUnaddressed: e.LIMIT_LOGIN_UNADDRESSED,
    signupPerAddress: e.LIMIT_SIGNUP_PER_ADDRESS,
    signupUnaddressed: e.LIMIT_SIGNUP_UNADDRESSED,
    passwordResetPerAddress: e.LIMIT_PASSWORD_RESET_PER_ADDRESS,
    passwordResetUnaddressed: e.LIMIT_PASSWORD_RESET_UNADDRESSED,
    emailExistsPerAddress: e.LIMIT_EMAIL_EXISTS_PER_ADDRESS,
    emailExistsUnaddressed: e.LIMIT_EMAIL_EXISTS_UNADDRESSED,
    emailChangesPerUser: e.LIMIT_EMAIL_CHANGES_PER_USER,
    changesPerUser: e.LIMIT_CHANGES_PER_USER,
    renewalsPerSession: e.LIMIT_RENEWALS_PER_SESSION,
    teamsPerUser: e.LIMIT_TEAMS_PER_USER,
    projectsPerUser: e.LIMIT_PROJECTS_PER_USER,
    invitesPerTeam: e.LIMIT_INVITES_PER_TEAM,
    invitesPerInviter: e.LIMIT_INVITES_PER_INVITER,
    internalSecretPerAddress: e.LIMIT_INTERNAL_SECRET_PER_ADDRESS,
    mailSpacingSeconds: e.LIMIT_MAIL_SPACING_SECONDS,
    mailPerRecipient: e.LIMIT_MAIL_PER_RECIPIENT,
  },
  inviteTtlSeconds: e.INVITE_TTL,
});

export const limitProblems = (e: Environment): string[] =>
  isProduction(e) && !e.RATE_LIMITS ? ['RATE_LIMITS: cannot be off in production'] : [];
