import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSchema, createYoga } from 'graphql-yoga';
import { answer } from './messages.ts';

/** The limit of Yoga: a schema that only answers like `me`. */
const schema = createSchema({
  typeDefs: 'type User { id: ID! email: String name: String } type Query { me: User }',
  resolvers: {
    Query: {
      me: () => ({ id: '01a2016e-49a2-74e5-9d02-2e9e15cea134', email: 'ada@example.com', name: 'Ada' }),
    },
  },
});
const yoga = createYoga({ schema, logging: false, landingPage: false, graphiql: false });
const server = createServer(yoga);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;

answer<null, { url: string }>(async () => ({ url: `http://127.0.0.1:${port}` }));
