import type { Mutation } from '../mutation.ts';
import {
  LIVE_SESSION,
  manager,
  member,
  memberships,
  NOT_DISABLED,
  OWN_ROW,
  ofTeam,
  SIGNED_IN,
  selectFilter,
  table,
  updateFilter,
} from './filters.ts';

type Filter = (signedIn: readonly string[]) => string[];

const own: Filter = (signedIn) => [...OWN_ROW, ...signedIn];
const ofMembers: Filter = (signedIn) => ofTeam(...member(signedIn));
const READ: Readonly<Record<string, Filter>> = {
  ...{ users: own, sessions: member, memberships: ofMembers, projects: ofMembers },
  teams: (signedIn) => memberships(...member(signedIn)),
  invites: (signedIn) => ofTeam(...manager(signedIn)),
};
const CHANGED: Readonly<Record<string, Filter>> = {
  users: own,
  teams: (signedIn) => memberships(...manager(signedIn)),
  projects: (signedIn) => ofTeam(...manager(signedIn)),
};

type Loosened = { filter: Filter; kept: readonly string[]; write: typeof selectFilter };

const mutate = (breaks: string, name: string, { filter, kept, write }: Loosened): Mutation => ({
  breaks,
  file: table(name),
  from: write(...filter(SIGNED_IN)),
  to: write(...filter(kept)),
  scenarios: ['ended-sessions'],
});

/** The conditions of the permissions on the account and the session (hasura/README.md, "Filters"). */
export const endedSessions: readonly Mutation[] = [
  ...Object.entries(READ).flatMap(([name, filter]) => [
    mutate(`an ended session reads ${name}`, name, { filter, kept: NOT_DISABLED, write: selectFilter }),
    mutate(`a disabled person reads ${name}`, name, { filter, kept: LIVE_SESSION, write: selectFilter }),
  ]),
  ...Object.entries(CHANGED).map(([name, filter]) =>
    mutate(`an ended session changes ${name}`, name, { filter, kept: NOT_DISABLED, write: updateFilter }),
  ),
  mutate('an ended session counts as live while its row exists', 'users', {
    filter: own,
    kept: [...NOT_DISABLED, ...LIVE_SESSION.slice(0, 3)],
    write: selectFilter,
  }),
];
