import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHANGE_PASSWORD, FORGOT, passSpacing, RESEND, UPDATE_PROFILE } from '../accounts/accounts.ts';
import {
  bearer,
  LOGIN,
  logIn,
  newPerson,
  type Person,
  SIGNUP,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { CREATE_TEAM, INVITE, LEAVE_TEAM, SWITCH_TEAM } from '../teams/people.ts';
import { COUNT_WRITES } from './count-writes.ts';

// Every flow repeats its work if Postgres rolls back one of its writes.

describe('a flow whose writes are rolled back once each', () => {
  let gateway: TestGateway;
  let person: Person;
  let signedIn: SignedInAnswer;
  beforeAll(async () => {
    gateway = await startGateway({ env: { RATE_LIMITS: 'on', LIMIT_SIGNUP_PER_ADDRESS: '10000/60' } });
    person = newPerson();
    signedIn = await signUp(gateway, person);
    await gateway.sql`update portcullis.users set email_verified_at = now()`;
    await gateway.sql.unsafe(COUNT_WRITES);
    const tables = await gateway.sql<{ name: string }[]>`
      select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname in ('portcullis', 'portcullis_private')`;
    for (const { name } of tables)
      await gateway.sql.unsafe(
        `create trigger count_write before insert or update or delete on ${name} for each statement execute function public.count_write()`,
      );
  });
  afterAll(() => gateway.close());

  const asPerson = (document: string, input: object) =>
    gateway.graphql<Record<string, never>>(document, { input }, bearer(signedIn.accessToken));
  const makeTeam = async () =>
    (
      (await asPerson(CREATE_TEAM, { name: 'Engines' })) as unknown as {
        createTeam: { team: { id: string } };
      }
    ).createTeam.team.id;

  test.each<[string, () => Promise<() => Promise<unknown>>]>([
    ['signup', async () => () => gateway.graphql(SIGNUP, { input: newPerson() })],
    [
      'login',
      async () => () => gateway.graphql(LOGIN, { input: { email: person.email, password: person.password } }),
    ],
    [
      'refresh',
      async () => {
        const { refreshToken } = await logIn(gateway, person);
        return () =>
          gateway.graphql(
            'mutation ($token: String!) { refresh(input: { refreshToken: $token }) { accessToken } }',
            {
              token: refreshToken,
            },
          );
      },
    ],
    [
      'logout',
      async () => {
        const other = await logIn(gateway, person);
        return () => gateway.graphql('mutation { logout { sessionsEnded } }', {}, bearer(other.accessToken));
      },
    ],
    ['forgotPassword', async () => () => gateway.graphql(FORGOT, { input: { email: person.email } })],
    [
      'resendEmailVerification',
      async () => {
        const unverified = await signUp(gateway);
        await passSpacing(gateway);
        return () => gateway.graphql(RESEND, { input: {} }, bearer(unverified.accessToken));
      },
    ],
    ['updateProfile', async () => () => asPerson(UPDATE_PROFILE, { name: `Ada ${Math.random()}` })],
    [
      'changePassword',
      async () => () =>
        asPerson(CHANGE_PASSWORD, { currentPassword: person.password, newPassword: person.password }),
    ],
    ['createTeam', async () => makeTeam],
    [
      'switchTeam',
      async () => {
        const teamId = await makeTeam();
        return () => asPerson(SWITCH_TEAM, { teamId });
      },
    ],
    [
      'inviteMembers',
      async () => {
        const teamId = await makeTeam();
        return () => asPerson(INVITE, { teamId, emails: [newPerson().email], role: 'MEMBER' });
      },
    ],
    [
      'leaveTeam',
      async () => {
        const teamId = await makeTeam();
        const other = await signUp(gateway);
        await gateway.sql`
          insert into portcullis.memberships (team_id, user_id, role) values (${teamId}, ${other.user.id}, 'OWNER')`;
        return () => asPerson(LEAVE_TEAM, { teamId });
      },
    ],
    [
      'prune',
      async () => async () => {
        const secret = { 'x-hasura-gateway-secret': gateway.secret };
        const { status } = await gateway.post('/hasura/cron/prune', undefined, secret);
        expect(status).toBe(200);
      },
    ],
  ])('succeeds: %s', async (_flow, prepare) => {
    let writes = 1;
    for (let nth = 1; nth <= writes; nth++) {
      const run = await prepare();
      await gateway.sql`truncate public.failing`;
      await gateway.sql`insert into public.failing values (${nth}, '40001')`;
      await gateway.sql`select setval('public.writes', 1, false)`;
      await run();
      const [{ last }] = (await gateway.sql`select last_value::int as last from public.writes`) as [
        { last: number },
      ];
      // Repeated writes count again, and the mail worker may write too.
      writes = Math.min(Math.max(writes, last), 14);
      await gateway.sql`truncate public.failing`;
    }
  });
});
