import type { Database } from '../db/client.ts';
import type { Deps } from '../flows/shared/deps.ts';
import type { Signer } from '../keys/signing.ts';
import type { BodyBudget } from '../limits/body-budget.ts';
import type { RefusedSecrets } from '../limits/refused-secrets.ts';
import type { MailInbox } from '../mail/inbox.ts';
import type { ClientAddressReader } from './client-address.ts';

/** The dependencies of HTTP, pages, dialects and GraphQL. Flows get a part of them. */
export type GatewayDeps = Deps &
  Readonly<{
    /** A separate connection for the JWKS, and for `/ready` under load, so that they do not wait behind others. */
    priority: { db: Database; signer: Signer };
    /** How long new work would wait for the database, and how long it may wait, in milliseconds. */
    waiting: { queueDelayMs: () => number; longestWaitMs: number };
    bodyBudget: BodyBudget;
    readClientAddress: ClientAddressReader;
    refusedSecrets: RefusedSecrets;
    /** Keeps mails if no mail server is configured; null if one is. */
    mailInbox: MailInbox | null;
  }>;
