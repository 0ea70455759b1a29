import type { Database } from '../db/client.ts';
import type { Deps } from '../flows/shared/deps.ts';
import type { Signer } from '../keys/signing.ts';
import type { BodyBudget } from '../limits/body-budget.ts';
import type { RefusedSecrets } from '../limits/refused-secrets.ts';
import type { MailInbox } from '../mail/inbox.ts';
import type { ClientAddressReader } from './client-address.ts';

/** What the edges work with: HTTP, pages, dialects and GraphQL. Flows get the part that is theirs. */
export type GatewayDeps = Deps &
  Readonly<{
    /** A connection of its own for the JWKS, and for `/ready` in a crowd, so that they do not wait behind others. */
    priority: { db: Database; signer: Signer };
    /** How long new work would wait for the database, and how long it may: in milliseconds. */
    waiting: { queueDelayMs: () => number; longestWaitMs: number };
    bodyBudget: BodyBudget;
    readClientAddress: ClientAddressReader;
    refusedSecrets: RefusedSecrets;
    /** Where mails stay when no mail server is configured; null if one is. */
    mailInbox: MailInbox | null;
  }>;
