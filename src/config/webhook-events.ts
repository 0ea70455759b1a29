/** The events that webhooks can tell of. The table in src/webhooks/README.md is generated from these. */
export const webhookEvents = {
  'user.created': {
    when: 'A user signed up, an operator created the user, or the user accepted an invitation.',
    data: ['userId', 'by'],
  },
  'user.signed_in': {
    when: 'A user signed in to an account. Neither the sign-up itself nor the use of a personal access token counts.',
    data: ['userId', 'sessionId'],
  },
  'user.roles_changed': {
    when: 'An operator changed the Hasura roles of a user, or of a membership.',
    data: ['userId', 'teamId', 'roles'],
  },
  'user.second_factor_added': {
    when: 'A user activated an authenticator app, or another one.',
    data: ['userId'],
  },
  'user.second_factor_removed': {
    when: 'A user or an operator removed an authenticator app that was activated.',
    data: ['userId', 'by'],
  },
  'user.disabled': { when: 'An operator disabled an account.', data: ['userId'] },
  'user.enabled': { when: 'An operator enabled an account again.', data: ['userId'] },
  'user.deleted': { when: 'A user or an operator deleted the account.', data: ['userId', 'by'] },
} as const satisfies Record<string, { when: string; data: readonly string[] }>;

export type WebhookType = keyof typeof webhookEvents;
export const webhookTypes = Object.keys(webhookEvents) as [WebhookType, ...WebhookType[]];
