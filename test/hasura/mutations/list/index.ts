import type { Mutation } from '../mutation.ts';
import { callers } from './callers.ts';
import { documents } from './documents.ts';
import { endedSessions } from './ended-sessions.ts';
import { inconsistencies } from './inconsistencies.ts';
import { introspections } from './introspections.ts';
import { jwts } from './jwts.ts';
import { metadata } from './metadata.ts';
import { operations } from './operations.ts';
import { roleSdls } from './role-sdls.ts';
import { standIn } from './stand-in.ts';
import { standInCalls } from './stand-in-calls.ts';
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
  ...standIn,
  ...documents,
  ...standInCalls,
  ...inconsistencies,
  ...roleSdls,
  ...introspections,
];
