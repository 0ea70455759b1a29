import { GraphQLClient } from 'graphql-request';
import { fetchSignedIn, HASURA, send } from './session';

export const client = new GraphQLClient(HASURA, { fetch: (_url, init) => fetchSignedIn(init) });
/** Sends no token: for `signup`, `login` and `refresh`. */
export const anonymous = new GraphQLClient(HASURA, { fetch: (_url, init) => send(init) });
