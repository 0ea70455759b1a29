import { decodeJwt } from 'jose';
import { keyOf } from './keys.ts';

/** A token as its holder knows it. */
export type Token = { text: string; key: string; endsAt: number };

export const tokenOf = (text: string): Token => ({
  text,
  key: keyOf(text),
  endsAt: (decodeJwt(text).exp ?? 0) * 1000,
});

export type Verdict = { passed: true } | { passed: false; reason: string };

/** What somebody said of a token: from when to when they were asked, and when the keys were looked up that they hold. */
export type Statement = {
  /** `Hasura` passes the question on to the gateway; of rows it answers by itself, by the keys that it has. */
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
  /** Has a key ended early, and remembers when that began and when it was done. */
  endKey(key: string, end: () => Promise<unknown>): Promise<void>;
  /** Remembers a sign-in, and with which key it was signed. */
  signedIn(token: Token, from: number): void;
  stated(statement: Statement): void;
  wentWrong(what: string, details: object): void;
  /** Everything that should not have been. */
  wrong: readonly object[];
  /** Statements that had to be right, by whom they were made. */
  counted: Record<Statement['by'], number>;
  /** The keys that signed, in the order of their first tokens. */
  signers: ReadonlySet<string>;
};

/**
 * Holds whatever was said of tokens against what must be: a token passes everywhere while it lives and its key was not
 * ended, and nowhere afterwards, where that is known.
 *
 * @param promisedMs how old the keys of a verifier may be at most for the promise that it knows every key that signs
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
      // The gateway and whoever asks it know at once, others from their next fetch on.
      const asksGateway = by === 'gateway' || by === 'Hasura';
      const isKnown = ending !== undefined && ending.ended < (asksGateway ? from : keysOf);
      // Whoever is later than a verifier may be was promised nothing.
      const isGood =
        (ending === undefined || to < ending.began) && Date.now() < endsAt && to - keysOf < promisedMs;
      if (isKnown && verdict.passed) wentWrong('accepted after its key’s end', { by, key });
      if (isGood && !verdict.passed)
        wentWrong('refused', { by, key, reason: verdict.reason, keysAgeMs: to - keysOf });
      if (isKnown || isGood) counted[by] += 1;
    },
  };
}
