import type { LookupAddress } from 'node:dns';
import type { Resolve } from '../../src/outbound/addresses.ts';

/** A name server that gives these answers, one after the other. The last one stays. */
export const nameServer = (...answers: string[][]): Resolve =>
  ((_host: string, _options: unknown, callback: (error: null, found: LookupAddress[]) => void) => {
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
    callback(
      null,
      answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  }) as Resolve;
