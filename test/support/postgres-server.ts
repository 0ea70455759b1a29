import { startThrowawayPostgres } from '../../src/embedded-postgres/server.ts';

export type PostgresServer = { url: string; stop(): Promise<void> };

/**
 * Starts a Postgres server: the embedded one, or TEST_DATABASE_IMAGE in Docker if TEST_DATABASE=container.
 * @throws Error if the container cannot be started
 */
export async function startPostgresServer(): Promise<PostgresServer> {
  if (process.env.TEST_DATABASE !== 'container') return startThrowawayPostgres();
  const image = process.env.TEST_DATABASE_IMAGE || 'postgres:16-alpine';
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const container = await new PostgreSqlContainer(image)
    .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=200'])
    .start()
    .catch((cause: unknown) => {
      const why = (cause as Error).message;
      throw new Error(`Not run: no container of ${image} can be started here. ${why}`, { cause });
    });
  return { url: container.getConnectionUri(), stop: async () => void (await container.stop()) };
}
