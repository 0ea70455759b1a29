import { createAnalytics, createShop } from './database.ts';
import { type Clash, foreignMetadata } from './metadata.ts';
import { type RemoteServer, startRemoteServer } from './remote-server.ts';

/** An application of another team: two databases, a GraphQL server, and the metadata that its engine runs with. */
export type ForeignApplication = {
  /** Whole metadata, which `startEngine` takes. Numbers keep their digits. */
  metadata: object;
  /** What the engine's environment must have for them. */
  env: Record<string, string>;
  server: RemoteServer;
  close(): Promise<void>;
};

/**
 * Starts an application that knows nothing of the gateway. It uses the role `user`, and on request names that the gateway has too:
 * a table `sessions`, an action `me`, a type `User` of an action or of a table.
 */
export async function startForeignApplication(clashes: readonly Clash[] = []): Promise<ForeignApplication> {
  const [shop, analytics, server] = await Promise.all([createShop(), createAnalytics(), startRemoteServer()]);
  return {
    metadata: foreignMetadata(clashes),
    env: {
      SHOP_DATABASE_URL: shop.url,
      ANALYTICS_DATABASE_URL: analytics.url,
      CATALOGUE_URL: server.catalogueUrl,
      REVIEWS_URL: server.reviewsUrl,
      SHOP_URL: 'http://127.0.0.1:1',
      SHOP_SECRET: 'of the shop',
      ...(clashes.includes('user table') && { HASURA_GRAPHQL_EXPERIMENTAL_FEATURES: 'naming_convention' }),
    },
    server,
    async close() {
      await server.close();
      await Promise.all([shop.drop(), analytics.drop()]);
    },
  };
}
