import { decodeJwt } from 'jose';
import { keyOf } from './keys.ts';

/** A token with the facts that its holder can read. */
export type Token = { text: string; key: string; endsAt: number };

export const tokenOf = (text: string): Token => ({
  text,
  key: keyOf(text),
  endsAt: (decodeJwt(text).exp ?? 0) * 1000,
});

export type Verdict = { passed: true } | { passed: false; reason: string };

/** The verdict of a server or verifier on a token, with the times of the question and of its keys. */
export type Statement = {
  /** `Hasura` asks the gateway; for `Hasura’s rows` Hasura answers alone, by the keys that it holds. */
  by: 'gateway' | 'Hasura' | 'Hasura’s rows' | 'verifier';
  token: Token;
  verdict: Verdict;
  from: number;
  to: number;
  keysOf: number;
};

type Ending = { began: number; ended: number };

export type Ledger = {
  now(): number;
  /** Ends a key early, and remembers the begin and the end of that. */
  endKey(key: string, end: () => Promise<unknown>): Promise<void>;
  /** Remembers the key that signed the token of a sign-in. */
  signedIn(token: Token, from: number): void;
  stated(statement: Statement): void;
  wentWrong(what: string, details: object): void;
  /** Every violation. */
  wrong: readonly object[];
  /** The number of statements with a required verdict, by their maker. */
  counted: Record<Statement['by'], number>;
  /** The keys that signed, in the order of their first tokens. */
  signers: ReadonlySet<string>;
};

/**
 * Compares each statement with the rule: a token passes everywhere until it expires or its key is ended. Afterwards it passes
 * nowhere where the end of the key is known.
 *
 * @param promisedMs the maximum age of a verifier's keys for which the gateway promises that it knows every signing key
 */
export function openLedger({ promisedMs }: { promisedMs: number }): Ledger {
  const endings = new Map<string, Ending>();
  const wrong: object[] = [];
  const counted = { gateway: 0, Hasura: 0, 'Hasura’s rows': 0, verifier: 0 };
  const signers = new Set<string>();
  const now = () => performance.now();
  const wentWrong = (what: string, details: object) => void wrong.push({ what, ...details });
  return {
    ...{ now, wentWrong, wrong, counted, signers },
    async endKey(key, end) {
      const ending = { began: now(), ended: Number.POSITIVE_INFINITY };
      endings.set(key, ending);
      await end();
      ending.ended = now();
    },
    signedIn({ key }, from) {
      signers.add(key);
      const ended = endings.get(key)?.ended ?? Number.POSITIVE_INFINITY;
      if (ended < from) wentWrong('a key signed after its end', { key });
    },
    stated({ by, token: { key, endsAt }, verdict, from, to, keysOf }) {
      const ending = endings.get(key);
      // The gateway and its callers know at once, verifiers from their next fetch on.
      const asksGateway = by === 'gateway' || by === 'Hasura';
      const isKnown = ending !== undefined && ending.ended < (asksGateway ? from : keysOf);
      // The promise does not cover a verifier with older keys.
      const isGood =
        (ending === undefined || to < ending.began) && Date.now() < endsAt && to - keysOf < promisedMs;
      if (isKnown && verdict.passed) wentWrong('accepted after its key’s end', { by, key });
      if (isGood && !verdict.passed)
        wentWrong('refused', { by, key, reason: verdict.reason, keysAgeMs: to - keysOf });
      if (isKnown || isGood) counted[by] += 1;
    },
  };
}
