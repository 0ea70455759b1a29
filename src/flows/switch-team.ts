import { and, eq, gt, isNull, sql } from 'drizzle-orm';
import { recordSecurityEvent } from '../audit/security-events.ts';
import type { Transaction } from '../db/client.ts';
import type { Deps } from '../deps.ts';
