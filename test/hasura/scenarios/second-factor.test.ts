import { describe, expect, test } from 'vitest';
import { codeOf } from '../../second-factors/authenticator.ts';
import { forFile } from '../../support/for-file.ts';
import type { SignedInAnswer } from '../../support/gateway.ts';
import { join, LOGIN, ME, openStage } from './frontend.ts';

// A frontend that knows only Hasura's address adds a second factor, and signs in with it.

const stage = forFile(() => openStage());

const ENROLL = 'mutation { totpEnroll { secret } }';
const ACTIVATE = `mutation Activate($code: String!) {
  totpActivate(input: { code: $code }) { recoveryCodes auth { accessToken secondFactorRequired } }
}`;
const FINISH = `mutation Finish($input: SignInWithTotpInput!) {
  signInWithTotp(input: $input) { accessToken secondFactorRequired user { id } }
}`;
const FIRST = LOGIN.replace('accessToken', 'accessToken secondFactorRequired');

type Auth = SignedInAnswer & { secondFactorRequired: boolean };

describe('a second factor', () => {
  test('is added through Hasura; then the first factor gets nothing there, and the second one everything', async () => {
    const ada = await join(stage);
    const { totpEnroll } = await stage.as(ada.accessToken).run<{ totpEnroll: { secret: string } }>(ENROLL);
    const { totpActivate } = await stage
      .as(ada.accessToken)
      .run<{ totpActivate: { recoveryCodes: string[]; auth: Auth } }>(ACTIVATE, {
        code: codeOf(totpEnroll.secret),
      });
    expect(await stage.as(totpActivate.auth.accessToken).run(ME)).toMatchObject({ me: { id: ada.user.id } });
    // The token from before the activation: its session has ended, in the tables too.
    const rows = await stage.as(ada.accessToken).run('{ portcullis_users { id } }');
    expect(rows).toEqual({ portcullis_users: [] });

    const visitor = stage.anonymous();
    const { email, password } = ada;
    const { login } = await visitor.run<{ login: Auth }>(FIRST, { input: { email, password } });
    expect(login.secondFactorRequired).toBe(true);
    expect(await stage.as(login.accessToken).refused(ME)).toMatchObject([
      { extensions: { code: 'jwt-missing-role-claims' } },
    ]);
    const [recoveryCode] = totpActivate.recoveryCodes;
    const { signInWithTotp } = await visitor.run<{ signInWithTotp: Auth }>(FINISH, {
      input: { accessToken: login.accessToken, recoveryCode },
    });
    const page = stage.as(signInWithTotp.accessToken);
    expect(await page.run('{ portcullis_users { id } portcullis_sessions { level } }')).toEqual({
      portcullis_users: [{ id: ada.user.id }],
      portcullis_sessions: expect.arrayContaining([{ level: 'aal2' }]),
    });
  });
});
