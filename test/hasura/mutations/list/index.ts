import type { Mutation } from '../mutation.ts';
import { callers } from './callers.ts';
import { endedSessions } from './ended-sessions.ts';
import { example } from './example.ts';
import { jwts } from './jwts.ts';
import { metadata } from './metadata.ts';
import { operations } from './operations.ts';
import { tables } from './tables.ts';
import { teams } from './teams.ts';

/** Every rule that is broken on purpose. */
export const mutations: readonly Mutation[] = [
  ...callers,
  ...jwts,
  ...operations,
  ...teams,
  ...tables,
  ...endedSessions,
  ...metadata,
  ...example,
];
