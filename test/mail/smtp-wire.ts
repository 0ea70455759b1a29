import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export type WireSmtp = {
  port: number;
  /** Every command as the client spelled it. */
  commands: string[];
  /** The addresses of RCPT TO. smtp-server itself shows domains in Unicode. */
  recipients(): string[];
  /** Messages as they came, headers and bodies. */
  messages: string[];
  stop(): Promise<void>;
};

/** A real SMTP server on loopback that records every command and message. */
export async function startWireSmtp(options: SMTPServerOptions = {}): Promise<WireSmtp> {
  const commands: string[] = [];
  const messages: string[] = [];
  const ignore = () => {};
  const note = (_entry: unknown, format: string, line: unknown) => {
    if (format === 'C:') commands.push(String(line));
  };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', ...(options.secure || options.key ? [] : ['STARTTLS'])],
    logger: {
      ...{ info: ignore, debug: note, error: ignore, warn: ignore, trace: ignore, fatal: ignore },
      level: ignore,
    },
    closeTimeout: 100,
    ...options,
    onData(stream, _session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        messages.push(Buffer.concat(chunks).toString('utf8'));
        callback();
      });
    },
  } as SMTPServerOptions);
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    commands,
    messages,
    recipients: () => commands.flatMap((line) => /^RCPT TO:<(.*)>/.exec(line)?.[1] ?? []),
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}
