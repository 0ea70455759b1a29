import { login } from '../flows/login.ts';
import type { SignedIn } from '../flows/sign-in.ts';
import { signup } from '../flows/signup.ts';
import { builder } from '../graphql/builder.ts';
import { UserType } from '../users/graphql.ts';

const AuthPayload = builder.objectRef<SignedIn>('AuthPayload');

AuthPayload.implement({
  description: 'What a sign-in yields.',
  fields: (t) => ({
    accessToken: t.exposeString('accessToken', {
      description: 'A JWT for `Authorization: Bearer`, at the gateway and at Hasura.',
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When both tokens end.' }),
    refreshToken: t.exposeString('refreshToken', {
      description: 'Keep it secret: it stands for the whole session.',
    }),
    teamToken: t.exposeString('teamToken', {
      nullable: true,
      description:
        'The access token with the active team in its claims; null while the person is in no team.',
    }),
    user: t.expose('user', { type: UserType, description: 'Who signed in.' }),
  }),
});

const LoginInput = builder.inputType('LoginInput', {
  description: 'Whom to sign in.',
  fields: (t) => ({
    email: t.string({ required: true, description: 'Case and surrounding spaces do not matter.' }),
    password: t.string({ required: true, description: 'Taken as it is, spaces included.' }),
  }),
});

builder.mutationField('login', (t) =>
  t.field({
    type: AuthPayload,
    description:
      'Signs in. Codes: `required`, `invalid_credentials`, `account_disabled`, `rate_limited`, `busy`. Send it without an `Authorization` header: Hasura refuses an expired one.',
    args: { input: t.arg({ type: LoginInput, required: true, description: 'Email and password.' }) },
    resolve: (_root, { input }, { deps, caller }) => login(deps, caller.device, input),
  }),
);

const SignupInput = builder.inputType('SignupInput', {
  description: 'Whom to register.',
  fields: (t) => ({
    email: t.string({ required: true, description: 'At most 254 characters.' }),
    password: t.string({
      required: true,
      description: 'At least `authConfig.passwordMinLength` characters.',
    }),
    name: t.string({ required: true, description: 'What the person wants to be called.' }),
    teamName: t.string({ description: 'Makes a team of this name, whose owner the person is.' }),
  }),
});

builder.mutationField('signup', (t) =>
  t.field({
    type: AuthPayload,
    description:
      'Registers a person and signs them in. Codes: `required`, `min_length`, `max_length`, `invalid`, `already_registered`, `signup_disabled`, `rate_limited`, `busy`.',
    args: { input: t.arg({ type: SignupInput, required: true, description: 'The new account.' }) },
    resolve: (_root, { input }, { deps, caller }) =>
      signup(deps, caller.device, { ...input, teamName: input.teamName ?? null }),
  }),
);
