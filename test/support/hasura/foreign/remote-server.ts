import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSchema, createYoga } from 'graphql-yoga';

const CATALOGUE = /* GraphQL */ `
  type Query { products(first: Int = 10): [Product!]!  product(id: ID!): Product }
  type Mutation { rateProduct(id: ID!, stars: Int!): Product! }
  type Product { id: ID!  title: String!  price: Money! }
  scalar Money
`;
/** What the catalogue learns by an update that the engine has not seen. */
const NEWER = 'extend type Product { weight: Int }';
const REVIEWS = /* GraphQL */ `
  type Query { latest: [Review!]!  author(id: ID!): Author }
  type Review { id: ID!  text: String!  author: Author! }
  type Author { id: ID!  name: String! }
`;

const product = (id: unknown) => ({ id, title: `Product ${String(id)}`, price: '9.90', weight: 2 });
const author = (id: unknown) => ({ id, name: 'Grace' });

function catalogueOf(typeDefs: string[]) {
  return createSchema({
    typeDefs,
    resolvers: {
      Query: {
        products: () => [product('1'), product('2')],
        product: (_: unknown, { id }: { id: string }) => product(id),
      },
      Mutation: { rateProduct: (_: unknown, { id }: { id: string }) => product(id) },
    },
  });
}

const reviews = createSchema({
  typeDefs: REVIEWS,
  resolvers: {
    Query: {
      latest: () => [{ id: '1', text: 'Fine.', author: author('7') }],
      author: (_: unknown, { id }: { id: string }) => author(id),
    },
  },
});

export type RemoteServer = {
  /** The addresses of two GraphQL APIs. */
  catalogueUrl: string;
  reviewsUrl: string;
  /** The operations that the server got, introspections included. */
  asked: string[];
  /** Adds a field to the catalogue. */
  grow(): void;
  /** Closes every connection until it resumes. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
};

/** A small GraphQL server of another team. */
export async function startRemoteServer(): Promise<RemoteServer> {
  const asked: string[] = [];
  let catalogue = catalogueOf([CATALOGUE]);
  const options = { logging: false, graphiql: false } as const;
  const apis = [
    createYoga({ ...options, schema: () => catalogue, graphqlEndpoint: '/catalogue' }),
    createYoga({ ...options, schema: reviews, graphqlEndpoint: '/reviews' }),
  ] as const;
  let isPaused = false;
  const server = createServer((request, response) => {
    if (isPaused) return void response.destroy();
    asked.push(String(request.url));
    void apis[request.url === '/reviews' ? 1 : 0](request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ catalogueUrl: `${url}/catalogue`, reviewsUrl: `${url}/reviews`, asked },
    grow() {
      catalogue = catalogueOf([CATALOGUE, NEWER]);
    },
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
