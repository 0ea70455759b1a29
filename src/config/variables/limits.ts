import { DAY, flag, limit, seconds } from '../parsers.ts';

/** Rate limits. */
export const limitVariables = {
  RATE_LIMITS: flag()
    .prefault('on')
    .meta({ description: '`off` for benchmarks only; refused in production.' }),
  LIMIT_LOGIN_PER_ACCOUNT: limit().prefault('10/900').meta({
    description:
      'Failed logins per account: count/seconds. A browser or an address that the account was signed in from before has its own counter.',
  }),
  LIMIT_CURRENT_PASSWORD_PER_SESSION: limit().prefault('10/900').meta({
    description: 'Wrong current passwords per session, in changes that ask for it.',
  }),
  LIMIT_LOGIN_PER_ADDRESS: limit().prefault('300/300').meta({
    description: 'Logins per client address (IPv6: per /64).',
  }),
  LIMIT_LOGIN_UNADDRESSED: limit().prefault('6000/300').meta({
    description:
      'All logins whose client address is not known (behind Hasura) together. If a captcha is configured, the last fifth of this and of the other shared limits needs one.',
  }),
  LIMIT_SIGNUP_PER_ADDRESS: limit().prefault('60/3600').meta({ description: 'Sign-ups per client address.' }),
  LIMIT_SIGNUP_UNADDRESSED: limit().prefault('1200/3600').meta({
    description: 'All sign-ups whose client address is not known (behind Hasura) together.',
  }),
  LIMIT_PASSWORD_RESET_PER_ADDRESS: limit().prefault('60/3600').meta({
    description: 'Mails for a password reset that one client address may cause.',
  }),
  LIMIT_PASSWORD_RESET_UNADDRESSED: limit().prefault('1200/3600').meta({
    description:
      'All mails for a password reset that callers with an unknown address (behind Hasura) cause together.',
  }),
  LIMIT_EMAIL_EXISTS_PER_ADDRESS: limit().prefault('30/300').meta({
    description: 'Questions whether an address has an account, per client address.',
  }),
  LIMIT_EMAIL_EXISTS_UNADDRESSED: limit().prefault('600/300').meta({
    description: 'All these questions whose client address is not known (behind Hasura) together.',
  }),
  LIMIT_EMAIL_CHANGES_PER_USER: limit().prefault('10/86400').meta({
    description: 'Changes of the email address that one user may ask for.',
  }),
  LIMIT_CHANGES_PER_USER: limit().prefault('300/3600').meta({
    description: 'Changes of names and roles, and switches of the team, per user.',
  }),
  LIMIT_RENEWALS_PER_SESSION: limit().prefault('120/3600').meta({
    description: 'Renewals of the tokens of one session by its access token (`GET /api/refresh`).',
  }),
  LIMIT_TEAMS_PER_USER: limit().prefault('50/86400').meta({ description: 'Teams that one user may create.' }),
  LIMIT_PROJECTS_PER_USER: limit().prefault('500/86400').meta({
    description: 'Projects that one user may create.',
  }),
  LIMIT_INVITES_PER_TEAM: limit().prefault('200/86400').meta({
    description: 'Addresses that may be invited to one team, repeats included.',
  }),
  LIMIT_INVITES_PER_INVITER: limit().prefault('200/86400').meta({
    description: 'Addresses that one user may invite, in all teams together.',
  }),
  LIMIT_INTERNAL_SECRET_PER_ADDRESS: limit().prefault('30/300').meta({
    description:
      'Wrong internal secrets per client address and replica. More answer `rate_limited`. The right secret is never refused.',
  }),
  INVITE_TTL: seconds(60, 365 * DAY)
    .prefault(String(7 * DAY))
    .meta({ description: 'Seconds an invite is valid. A repeated invite starts again.' }),
};
