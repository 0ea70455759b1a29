import { z } from 'zod';
import { AuthError } from '../../errors.ts';
import { createAccount } from '../../flows/admin/create-user.ts';
import { deleteUserAccount } from '../../flows/admin/delete-user.ts';
import { disableAccount, enableAccount } from '../../flows/admin/disable-account.ts';
import { endUserSessions } from '../../flows/admin/end-user-sessions.ts';
import { inviteUser } from '../../flows/admin/invite-user.ts';
import { sendPasswordReset } from '../../flows/admin/send-password-reset.ts';
import { updateAccount } from '../../flows/admin/update-user.ts';
import { operator } from '../../flows/shared/caller.ts';
import type { GatewayDeps } from '../../request/deps.ts';

/** The work of an action, in the names that actions.graphql gives its output. */
export type ActionRun = (deps: GatewayDeps, input: unknown) => Promise<object>;

/** Hasura checks the input against actions.graphql. An input that does not fit comes from another caller. */
const withInput =
  <Schema extends z.ZodType>(
    schema: Schema,
    run: (deps: GatewayDeps, input: z.output<Schema>) => Promise<object>,
  ): ActionRun =>
  (deps, given) => {
    const input = typeof given === 'object' && given !== null && 'input' in given ? given.input : undefined;
    const parsed = schema.safeParse(input);
    if (!parsed.success) throw new AuthError('invalid_input');
    return run(deps, parsed.data);
  };

const optional = <Type extends z.ZodType>(type: Type) => type.nullish().transform((value) => value ?? null);

const Account = z.object({ userId: z.string() });

/** An action for one account that answers with its id. */
const forAccount = (act: (deps: GatewayDeps, input: { userId: string }) => Promise<unknown>): ActionRun =>
  withInput(Account, async (deps, { userId }) => {
    await act(deps, { userId });
    return { userId };
  });

/** What an operator does to accounts in the console. */
export const operatorActions: Readonly<Record<string, ActionRun>> = {
  createUserAction: withInput(
    z.object({
      email: z.string(),
      name: optional(z.string()),
      emailVerified: optional(z.boolean()),
      sendLink: optional(z.boolean()),
    }),
    async (deps, { email, name, emailVerified, sendLink }) => {
      const options = { emailVerified: emailVerified ?? false, sendLink: sendLink ?? false };
      const { id } = await createAccount(deps, operator, { email, name, ...options });
      return { userId: id };
    },
  ),
  inviteUserAction: withInput(z.object({ email: z.string() }), async (deps, input) => {
    const { email, expiresAt } = await inviteUser(deps, operator, input);
    return { email, expiresAt: expiresAt.toISOString() };
  }),
  updateUserAction: withInput(
    Account.extend({
      name: optional(z.string()),
      email: optional(z.string()),
      emailVerified: optional(z.boolean()),
    }),
    async (deps, input) => ({ userId: (await updateAccount(deps, operator, input)).id }),
  ),
  disableAccountAction: forAccount((deps, input) => disableAccount(deps, operator, input)),
  enableAccountAction: forAccount((deps, input) => enableAccount(deps, operator, input)),
  endUserSessionsAction: withInput(Account, async (deps, { userId }) => {
    const sessionsEnded = await endUserSessions(deps, operator, { userId });
    return { userId, sessionsEnded };
  }),
  sendPasswordResetAction: forAccount((deps, input) => sendPasswordReset(deps, operator, input)),
  deleteUserAction: forAccount((deps, input) => deleteUserAccount(deps, operator, input)),
};
