import type { WebhookType } from '../config/webhook-events.ts';

/** What an event tells. It holds ids, and no address, name, token or password: a receiver reads the rest through Hasura. */
type EventData = {
  'user.created': { userId: string; by: 'signup' | 'operator' | 'invitation' };
  'user.signed_in': { userId: string; sessionId: string };
  /** `teamId` is null for the roles that the user has everywhere. */
  'user.roles_changed': { userId: string; teamId: string | null; roles: readonly string[] };
  'user.second_factor_added': { userId: string };
  'user.second_factor_removed': { userId: string; by: 'user' | 'operator' };
  'user.disabled': { userId: string };
  'user.enabled': { userId: string };
  'user.deleted': { userId: string; by: 'user' | 'operator' };
};

/** Something that happened to a user, for an application that wants to know. */
export type WebhookEvent = {
  [Type in WebhookType]: { type: Type; data: EventData[Type] };
}[WebhookType];

/** A queued webhook. The names of an event's fields are those of the receiver's JSON. */
export type WebhookJob = WebhookEvent & {
  /** The same for every attempt and every endpoint, so that a receiver can drop what it has seen. */
  id: string;
  /** When the event happened, as ISO 8601. */
  timestamp: string;
};
