import { hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import type { Device } from '../audit/device.ts';

/** Makes a state: 122 random bits in the form of a UUID, as GoTrue's are. */
export const createState = (): string => randomUUID();

/** Whether a text has the form of a state. */
export const isState = (text: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text);

/** Makes the secret of a browser, for its cookie, or a ticket: 256 random bits. */
export const createRandomSecret = (): string => randomBytes(32).toString('base64url');

/** Whether a text has the form of that secret. A bound ticket has not: a stranger could write what it is bound to into it. */
export const isRandomSecret = (text: string): boolean => /^[\w-]{43}$/.test(text);

/**
 * Binds a ticket to a device, for a flow without PKCE: a stranger who lets another person follow the link gets nothing. With PKCE the
 * exchange of the code has the same effect.
 */
export const bindTicket = (ticket: string, { address, userAgent }: Device): string =>
  `${ticket} ${address ?? ''} ${userAgent ?? ''}`;

type AttemptSecrets = Readonly<{
  /** The verifier of PKCE between the gateway and the provider. */
  codeVerifier: string;
  /** What the ID token must hold. */
  nonce: string;
}>;

/**
 * Derives the secrets of an attempt from the browser's cookie and the state (HKDF, RFC 5869). So they are stored nowhere, and only the
 * browser that began can finish.
 */
export function attemptSecrets({ browser, state }: { browser: string; state: string }): AttemptSecrets {
  const derive = (purpose: string) =>
    Buffer.from(hkdfSync('sha256', browser, state, `portcullis provider ${purpose}`, 32)).toString(
      'base64url',
    );
  return { codeVerifier: derive('code verifier'), nonce: derive('nonce') };
}
