import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type Relay = {
  port: number;
  /** Loses all data, but still accepts connections. */
  silence(silent: boolean): void;
  /** Loses the data of the present connections, not of new ones. */
  forget(): void;
  /** Closes the present connections. */
  hangUp(): void;
  close(): void;
};

type Watching = {
  /** A word: once a client sends it, the data of the client's connection are lost. */
  lost?: string;
  /** Makes for each connection what reads the data that the client sends. */
  reader?: () => (bytes: Buffer) => void;
};

/** A network in front of a server. It passes data on, or loses data silently if told to, as firewalls and failed hosts do. */
export async function startRelay({ hostname, port }: URL, { lost, reader }: Watching = {}): Promise<Relay> {
  let isSilent = false;
  const forgotten = new Set<Socket>();
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    clients.add(client);
    const read = reader?.();
    const isLost = () => isSilent || forgotten.has(client);
    client.on('data', (bytes) => {
      read?.(bytes);
      if (lost !== undefined && bytes.includes(lost)) forgotten.add(client);
      if (!isLost()) upstream.write(bytes);
    });
    upstream.on('data', (bytes) => isLost() || client.write(bytes));
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => client.destroy()).on('close', () => isLost() || client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    silence(silent) {
      isSilent = silent;
    },
    forget() {
      for (const client of clients) forgotten.add(client);
    },
    hangUp() {
      for (const client of clients) client.destroy();
    },
    close() {
      for (const client of clients) client.destroy();
      server.close();
    },
  };
}
