import type { ServiceToken } from '../../service-tokens/service-tokens.ts';

/** A service token in the JSON of a report. */
export const toJson = ({ id, name, role, createdAt, expiresAt, revokedAt, lastUsedAt }: ServiceToken) => ({
  ...{ id, name, role },
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
  revokedAt: revokedAt?.toISOString() ?? null,
  lastUsedAt: lastUsedAt?.toISOString() ?? null,
});

function stateOf({ expiresAt, revokedAt }: ServiceToken): string {
  if (revokedAt !== null) return `revoked ${revokedAt.toISOString().slice(0, 10)}`;
  const day = expiresAt.toISOString().slice(0, 10);
  return expiresAt.getTime() <= Date.now() ? `expired ${day}` : `until ${day}`;
}

/** A service token in a line of a report. */
export const lineOf = (token: ServiceToken): string => {
  const used = token.lastUsedAt?.toISOString().slice(0, 13).replace('T', ' ');
  const lastUse = used === undefined ? 'never used' : `last used ${used}h`;
  return [token.id, token.role, stateOf(token), lastUse, token.name].join('  ');
};
