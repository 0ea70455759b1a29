/**
 * The test files of each flow for `npm run test:quick`, by the flow's path under src/flows. They run the flow over HTTP on
 * Postgres. Flows that use src/flows/shared cover it.
 */
export const testsOfFlows: Readonly<Record<string, readonly string[]>> = {
  'account/change-email.ts': ['accounts/change-email.test.ts'],
  'account/change-password.ts': ['accounts/account.test.ts'],
  'account/delete-account.ts': ['accounts/deletion.test.ts'],
  'account/disown-signup.ts': ['accounts/disowned-signup.test.ts'],
  'account/email-exists.ts': ['accounts/email-exists.test.ts'],
  'account/request-email-verification.ts': ['accounts/verification.test.ts'],
  'account/request-password-reset.ts': ['accounts/password-reset.test.ts'],
  'account/reset-password.ts': ['accounts/password-reset.test.ts'],
  'account/update-profile.ts': ['accounts/account.test.ts'],
  'account/verify-email.ts': ['accounts/verification.test.ts', 'accounts/disowned-signup.test.ts'],
  'admin/contract-addresses.ts': ['hasura/endpoints.test.ts'],
  'admin/disable-account.ts': ['accounts/account.test.ts'],
  'admin/signing-keys.ts': ['hasura/endpoints.test.ts'],
  'mails/deliver.ts': ['mail/delivery.test.ts'],
  'mails/prepare.ts': ['mail/delivery.test.ts'],
  'sign-in/login.ts': ['flows/login.test.ts'],
  'sign-in/logout.ts': ['sessions/logout.test.ts'],
  'sign-in/refresh.ts': ['sessions/refresh.test.ts'],
  'sign-in/renew-tokens.ts': ['http/teams.test.ts'],
  'sign-in/signup.ts': ['flows/signup.test.ts'],
  'teams/accept-invite.ts': ['teams/accept-invite.test.ts'],
  'teams/invite-members.ts': ['teams/invites.test.ts'],
  'teams/manage-member.ts': ['teams/members.test.ts'],
  'teams/manage-project.ts': ['teams/projects.test.ts'],
  'teams/manage-team.ts': ['teams/teams.test.ts'],
  'teams/revoke-invite.ts': ['teams/invites.test.ts'],
  'teams/switch-team.ts': ['teams/switch-team.test.ts'],
  'upkeep/housekeeping.ts': ['hasura/scenarios/cron.test.ts'],
};
