import { randomBytes } from 'node:crypto';
import type { Sql } from 'postgres';
import { sha256 } from '../../src/crypto/secrets.ts';
import { CREATE, create, EXCHANGE, inHours, REVOKE } from '../access-tokens/programs.ts';
import { bearer, LOGIN, logIn, type SignedInAnswer, type TestGateway } from '../support/gateway.ts';
import {
  ACCEPT_INVITE,
  CHANGE_ROLE,
  CREATE_PROJECT,
  CREATE_TEAM,
  DECLINE_INVITE,
  DELETE_TEAM,
  foundTeam,
  INVITE,
  invite,
  LEAVE_TEAM,
  REMOVE_MEMBER,
  RENAME_TEAM,
  REVOKE_INVITE,
  type Someone,
  SWITCH_TEAM,
} from '../teams/people.ts';
import {
  CHANGE_EMAIL,
  CHANGE_PASSWORD,
  CONFIRM_EMAIL,
  DELETE_ACCOUNT,
  DISABLE,
  ENABLE,
  RESET,
  UPDATE_PROFILE,
  VERIFY,
} from './accounts.ts';

const LOGOUT = 'mutation ($scope: LogoutScope!) { logout(input: { scope: $scope }) { sessionsEnded } }';
const REFRESH =
  'mutation ($refreshToken: String!) { refresh(input: { refreshToken: $refreshToken }) { refreshToken } }';

/** Stores a token as the gateway does when it mails one. */
async function plantToken(sql: Sql, person: Someone, purpose: string): Promise<string> {
  const token = `pot_${randomBytes(32).toString('base64url')}`;
  await sql`insert into portcullis_private.one_time_tokens (token_hash, user_id, purpose, email, expires_at)
    values (${sha256(token)}, ${person.id}, ${purpose}, ${person.email}, now() + interval '1 hour')
    on conflict (user_id, purpose) do update set token_hash = excluded.token_hash, expires_at = excluded.expires_at`;
  return token;
}

export type Operation = () => Promise<unknown>;

type Stage = { gateway: TestGateway; replica: TestGateway; sql: Sql };

/** The operations that a person can make, and those that others can make on the person. */
async function operationsOf(
  { gateway, replica, sql }: Stage,
  person: Someone,
  { teamId, others, session }: { teamId: string; others: Someone[]; session: SignedInAnswer },
): Promise<Operation[]> {
  const [verifying, resetting, changing] = await Promise.all(
    ['verify_email', 'reset_password', 'change_email'].map((purpose) => plantToken(sql, person, purpose)),
  );
  const headers = bearer(person.token);
  const run = (document: string, input: object) => () => person.run(document, { input });
  const elsewhere = (document: string, input: object) => () => replica.graphql(document, { input }, headers);
  const operator = { 'x-hasura-gateway-secret': gateway.secret, 'x-hasura-role': 'admin' };
  const asOperator = (document: string) => () =>
    replica.graphql(document, { input: { userId: person.id } }, operator);
  const { email, password: currentPassword } = person;
  const newEmail = `new-${email}`;
  return [
    elsewhere(DELETE_ACCOUNT, { currentPassword }),
    run(CHANGE_PASSWORD, { currentPassword, newPassword: 'another passphrase' }),
    elsewhere(CHANGE_EMAIL, { currentPassword, newEmail }),
    run(CONFIRM_EMAIL, { token: changing }),
    run(RESET, { token: resetting, newPassword: 'a new passphrase' }),
    elsewhere(VERIFY, { token: verifying }),
    asOperator(DISABLE),
    asOperator(ENABLE),
    run(UPDATE_PROFILE, { name: 'Grace' }),
    run(LOGIN, { email, password: currentPassword }),
    elsewhere(LOGIN, { email, password: currentPassword }),
    () => gateway.graphql(REFRESH, { refreshToken: session.refreshToken }),
    () => replica.graphql(REFRESH, { refreshToken: session.refreshToken }),
    ...['LOCAL', 'GLOBAL', 'OTHERS'].map((scope) => () => replica.graphql(LOGOUT, { scope }, headers)),
    () => gateway.graphql(LOGOUT, { scope: 'LOCAL' }, bearer(session.accessToken)),
    run(CREATE_TEAM, { name: 'Another' }),
    run(SWITCH_TEAM, { teamId }),
    elsewhere(LEAVE_TEAM, { teamId }),
    run(RENAME_TEAM, { teamId, name: 'Renamed' }),
    elsewhere(CREATE_PROJECT, { teamId, name: 'Mine' }),
    run(INVITE, { teamId, emails: [`a${email}`, `b${email}`], role: 'MEMBER' }),
    ...others.flatMap(({ id: userId }) => [
      elsewhere(REMOVE_MEMBER, { teamId, userId }),
      run(CHANGE_ROLE, { teamId, userId, role: 'OWNER' }),
    ]),
  ];
}

/** The operations of a user and their programs on personal access tokens. */
async function programsOf(
  { gateway, replica }: Stage,
  { run, token: accessToken, password: currentPassword }: Someone,
): Promise<Operation[]> {
  const [one, other] = [await create(gateway, { accessToken }), await create(gateway, { accessToken })];
  const input = { name: 'Another', expiresAt: inHours(1), currentPassword };
  return [
    () => run(CREATE, { input }),
    () => run(REVOKE, { input: { id: one.accessToken.id } }),
    ...[one, other].map(
      ({ token }) =>
        () =>
          replica.graphql(EXCHANGE, { input: { token } }),
    ),
  ];
}

/** Founds a team whose members have sessions, invites a guest, and returns all operations on them. */
export async function gather(stage: Stage): Promise<Operation[]> {
  const { gateway, replica, sql } = stage;
  const { teamId, people } = await foundTeam(gateway, 'OWNER', 'ADMIN');
  const guest = (await foundTeam(gateway)).people[0];
  const [invited] = await invite(people[0], { teamId, emails: [guest.email], role: 'MEMBER' });
  const input = { inviteId: invited?.id };
  const everyone = [...people, guest];
  const sessions = await Promise.all(everyone.map((person) => logIn(gateway, person)));
  await sql`update portcullis.sessions set active_team_id = ${teamId}
    where user_id = any(${people.map(({ id }) => id)})`;
  const operations = await Promise.all(
    everyone.map((person, index) =>
      operationsOf(stage, person, {
        teamId,
        others: people.filter((other) => other !== person),
        session: sessions[index] as SignedInAnswer,
      }),
    ),
  );
  return [
    ...operations.flat(),
    ...(await programsOf(stage, people[0])),
    () => guest.run(ACCEPT_INVITE, { input }),
    () => replica.graphql(DECLINE_INVITE, { input }, bearer(guest.token)),
    () => people[0].run(REVOKE_INVITE, { input }),
    () => people[1].run(DELETE_TEAM, { input: { teamId } }),
    () => gateway.post('/hasura/cron/prune', {}, { 'x-hasura-gateway-secret': gateway.secret }),
    () => replica.post('/hasura/cron/prune', {}, { 'x-hasura-gateway-secret': gateway.secret }),
  ];
}
