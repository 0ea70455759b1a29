import { expect } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { newPerson, startGateway } from '../support/gateway.ts';
import { administrate, JWT_SECRET } from './administrators.ts';
import { send, type WireAnswer } from './wire.ts';

export type User = Record<string, unknown> & { id: string; email: string };

/** A gateway for one file of tests, and what a server does to its users. */
export function manageUsers() {
  const gateway = forFile(() =>
    startGateway({
      env: {
        GOTRUE_JWT_SECRET: JWT_SECRET,
        LIMIT_SIGNUP_PER_ADDRESS: '1000/60',
        LIMIT_LOGIN_PER_ADDRESS: '1000/60',
        DEFAULT_ROLES: 'user',
      },
    }),
  );
  const admin = (method: string, path: string, body?: unknown) => administrate(gateway, method, path, body);
  return {
    gateway,
    admin,
    put: (id: string, body: object) => admin('PUT', `/admin/users/${id}`, body),
    get: (id: string) => admin('GET', `/admin/users/${id}`),
    async create(body: object): Promise<User> {
      const { status, body: user } = await admin('POST', '/admin/users', body);
      expect({ status, user }).toMatchObject({ status: 200 });
      return user as User;
    },
    signIn: (email: string, password: string): Promise<WireAnswer> =>
      send(gateway, 'POST', '/token?grant_type=password', { body: { email, password } }),
    events: (userId: string, action: string) =>
      gateway.sql`select details from portcullis.security_events where user_id = ${userId} and action = ${action} order by id`,
  };
}

export const newEmail = (): string => newPerson().email;
