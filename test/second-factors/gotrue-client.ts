import { expect } from 'vitest';
import type { Member } from '../gotrue/people.ts';
import { send, type WireAnswer } from '../gotrue/wire.ts';
import { bearer, type TestGateway } from '../support/gateway.ts';
import { codeOf, letTimePass } from './authenticator.ts';

export type Enrolled = { id: string; totp: { secret: string; qr_code: string; uri: string } };
type Holder = { accessToken: string };

/** The requests of a client of GoTrue about authenticator apps. */
export function factorRequests(gateway: TestGateway) {
  const call = ({ accessToken }: Holder, method: string, path: string, body?: unknown): Promise<WireAnswer> =>
    send(gateway, method, path, { headers: bearer(accessToken), body });

  async function enrolled(person: Holder, name = 'phone'): Promise<Enrolled> {
    const answer = await call(person, 'POST', '/factors', { factor_type: 'totp', friendly_name: name });
    expect(answer.status).toBe(200);
    return answer.body as Enrolled;
  }

  async function challenged(person: Holder, factorId: string): Promise<string> {
    const answer = await call(person, 'POST', `/factors/${factorId}/challenge`, {});
    expect(answer.status).toBe(200);
    return (answer.body as { id: string }).id;
  }

  /** Enrols an app and verifies it. Its used step is forgotten. */
  async function verified(person: Member): Promise<{ accessToken: string; secret: string; id: string }> {
    const { id, totp } = await enrolled(person);
    const challenge_id = await challenged(person, id);
    const answer = await call(person, 'POST', `/factors/${id}/verify`, {
      challenge_id,
      code: codeOf(totp.secret),
    });
    expect(answer.status).toBe(200);
    await letTimePass(gateway, person.user.id);
    return {
      accessToken: (answer.body as { access_token: string }).access_token,
      secret: totp.secret,
      id,
    };
  }

  return { call, enrolled, challenged, verified };
}
