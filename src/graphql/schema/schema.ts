import './contract-address.ts';
import './session.ts';
import './sign-in.ts';
import './team.ts';
import './invite.ts';
import './member.ts';
import './project.ts';
import './account.ts';
import './roles.ts';
import './email.ts';
import './user.ts';
import './password.ts';
import './email-verification.ts';
import './auth-config.ts';
import { builder } from '../builder.ts';

export const schema = builder.toSchema();
