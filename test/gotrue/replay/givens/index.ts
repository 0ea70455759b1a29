import { administration, factors, phones, users } from './accounts.ts';
import { links, mailed, signups, verifications } from './mails.ts';
import { providers } from './providers.ts';
import { bearers, logouts, tokens } from './sessions.ts';
import type { Given, Preparation, Preparations } from './vocabulary.ts';

const preparations: Preparations = {
  ...bearers,
  ...tokens,
  ...logouts,
  ...signups,
  ...verifications,
  ...mailed,
  ...links,
  ...users,
  ...phones,
  ...factors,
  ...providers,
  ...administration,
};

/** The cases that are prepared, to find a name that no recording has. */
export const preparedCases: readonly string[] = Object.keys(preparations);

const isList = (found: Preparations[string]): found is readonly Given[] => Array.isArray(found);

/** What is true before the requests of a recorded case. Without an entry nothing is. */
export function preparationOf(name: string): Preparation {
  const found = preparations[name] ?? [];
  return isList(found) ? { given: found } : found;
}
