import { z } from 'zod';
import { createAccount } from '../../flows/admin/create-user.ts';
import { deleteUserAccount, softDeleteUserAccount } from '../../flows/admin/delete-user.ts';
import { updateAccount } from '../../flows/admin/update-user.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import {
  AdminUserBody,
  answerOf,
  changesOf,
  creationOf,
  requireUserId,
  spelled,
  userPath,
} from './admin-bodies.ts';
import { adminErrors, adminToken, requireAdmin } from './bearer.ts';
import { UserSchema } from './schemas.ts';

/** The errors of a user that an administrator sends. */
const accountErrors = [
  ...adminErrors,
  ...(['invalid', 'max_length', 'min_length', 'already_registered', 'phone_taken', 'busy'] as const),
];

const userAnswer = { 200: { description: 'The user.', schema: UserSchema } };

const createUserEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'POST',
    path: '/admin/users',
    docs: {
      operationId: 'goTrueCreateUser',
      summary: 'Create a user',
      description: 'It sends no mail, and works while sign-up is off.',
      security: adminToken,
      answers: userAnswer,
      errors: accountErrors,
    },
    authenticate: (incoming) => requireAdmin(deps, incoming),
    body: AdminUserBody,
    async handle({ by, body }, c) {
      const { id } = await spelled(() => createAccount(deps, by, creationOf(deps, body, null)));
      return c.json(await answerOf(deps, id));
    },
  }),
  endpoint({
    method: 'POST',
    path: '/admin/users/:userId',
    docs: {
      operationId: 'goTrueCreateUserWithId',
      summary: 'Create a user with an id',
      description: 'An id in the body must be the same.',
      security: adminToken,
      answers: userAnswer,
      errors: accountErrors,
    },
    authenticate: (incoming) => requireAdmin(deps, incoming),
    params: userPath,
    body: AdminUserBody,
    async handle({ by, params, body }, c) {
      const userId = requireUserId(params);
      const { id } = await spelled(() => createAccount(deps, by, creationOf(deps, body, userId)));
      return c.json(await answerOf(deps, id));
    },
  }),
];

const oneUserEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: '/admin/users/:userId',
    docs: {
      operationId: 'goTrueGetUserById',
      summary: 'Get a user',
      security: adminToken,
      answers: userAnswer,
      errors: [...adminErrors, 'not_found'],
    },
    authenticate: (incoming) => requireAdmin(deps, incoming),
    params: userPath,
    handle: async ({ params }, c) => c.json(await answerOf(deps, requireUserId(params))),
  }),
  endpoint({
    method: 'PUT',
    path: '/admin/users/:userId',
    docs: {
      operationId: 'goTrueUpdateUserById',
      summary: 'Change a user',
      description:
        'Metadata is merged: a key with null is removed. A new address or number takes effect at once, and counts as confirmed only with `email_confirm` or `phone_confirm`. A new address or password ends all sessions of the user.',
      security: adminToken,
      answers: userAnswer,
      errors: [...accountErrors, 'not_found'],
    },
    authenticate: (incoming) => requireAdmin(deps, incoming),
    params: userPath,
    body: AdminUserBody,
    async handle({ by, params, body }, c) {
      const userId = requireUserId(params);
      await spelled(() => updateAccount(deps, by, { userId, ...changesOf(deps, body) }));
      return c.json(await answerOf(deps, userId));
    },
  }),
];

const deletionEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'DELETE',
    path: '/admin/users/:userId',
    docs: {
      operationId: 'goTrueDeleteUser',
      summary: 'Delete a user',
      description:
        'With `should_soft_delete` the row stays, so that rows of your application can reference it. It keeps hashes of the address and the number, and is disabled for ever.',
      security: adminToken,
      answers: { 200: { description: 'The user is deleted.', schema: z.object({}) } },
      errors: [...adminErrors, 'not_found', 'sole_owner', 'refused_by_application'],
    },
    authenticate: (incoming) => requireAdmin(deps, incoming),
    params: userPath,
    body: z
      .object({ should_soft_delete: z.boolean().default(false).meta({ description: 'Keeps the row.' }) })
      .optional(),
    async handle({ by, params, body }, c) {
      const userId = requireUserId(params);
      const remove = body?.should_soft_delete ? softDeleteUserAccount : deleteUserAccount;
      await spelled<unknown>(() => remove(deps, by, { userId }));
      return c.json({});
    },
  }),
];

/** The accounts, for servers that manage them. */
export const adminUserEndpoints = (deps: GatewayDeps): Endpoint[] => [
  ...createUserEndpoints(deps),
  ...oneUserEndpoints(deps),
  ...deletionEndpoints(deps),
];
