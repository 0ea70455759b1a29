import '../ens/graphql.ts';
import '../sessions/graphql.ts';
import '../teams/graphql.ts';
import '../teams/invites.graphql.ts';
import '../teams/members.graphql.ts';
import '../teams/projects.graphql.ts';
import '../users/account.graphql.ts';
import '../users/emails.graphql.ts';
import '../users/graphql.ts';
import '../users/passwords.graphql.ts';
import '../users/verification.graphql.ts';
import './auth-config.ts';
import { builder } from './builder.ts';

export const schema = builder.toSchema();
