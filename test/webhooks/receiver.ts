import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { expect } from 'vitest';

export const createWebhookSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** The body of a webhook, as a receiver parses it. */
type Told = { type: string; timestamp: string; data: Record<string, unknown> };

export type Delivery = { path: string; headers: IncomingHttpHeaders; body: string; told: Told };

export type Receiver = {
  url: string;
  deliveries: Delivery[];
  /** Waits for deliveries until there are as many, and fails if there are more. */
  receive(count: number): Promise<Told[]>;
  close(): Promise<void>;
};

type Answer = (response: ServerResponse, delivery: Delivery, count: number) => void;

const accept: Answer = (response) => response.writeHead(204).end();

/** A receiver of webhooks on loopback. It answers 204 unless told otherwise. */
export async function startReceiver({ port = 0, answer = accept } = {}): Promise<Receiver> {
  const deliveries: Delivery[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const delivery = {
      path: request.url ?? '',
      headers: request.headers,
      body,
      told: JSON.parse(body) as Told,
    };
    deliveries.push(delivery);
    answer(response, delivery, deliveries.length);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/key`,
    deliveries,
    async receive(count) {
      await expect.poll(() => deliveries.length).toBeGreaterThanOrEqual(count);
      expect(deliveries.map(({ told }) => told.type)).toHaveLength(count);
      return deliveries.map(({ told }) => told);
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Verifies a delivery as a receiver does, with the library of Standard Webhooks. */
export const verify = (secret: string, { body, headers }: Delivery): unknown =>
  new Webhook(secret).verify(body, headers as Record<string, string>);
