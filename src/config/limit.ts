import type { z } from 'zod';
import { rate } from './parsers.ts';
import { variable } from './variable.ts';

/** A count, and the seconds in which it may be used. */
export type Rate = Readonly<{ count: number; seconds: number }>;

/**
 * What a limit counts by. `address` counts a network; `unaddressed` counts all clients without a known address together. `gateway`
 * counts all that the replicas do together.
 */
type Subject =
  | 'account'
  | 'address'
  | 'gateway'
  | 'mailbox'
  | 'number'
  | 'session'
  | 'team'
  | 'unaddressed'
  | 'user';

/** A rate limit. Its rate is fixed, or comes from its own variable or that of another limit. */
export type LimitDeclaration = Readonly<{
  /** The name of the counters in the database. A new name starts new counters. */
  name: string;
  per: Subject;
}> &
  (
    | Readonly<{ variable: `LIMIT_${string}`; default: string; description: string }>
    | Readonly<{ rateOf: string }>
    | Readonly<{ rate: Rate }>
  );

/** A rate limit with its rate. */
export type Limit = Rate & Readonly<{ name: string; per: Subject }>;

type Declarations = Readonly<Record<string, LimitDeclaration>>;
type VariableOf<Declared> = Declared extends { variable: infer Name extends string } ? Name : never;
type LimitVariables<Declared extends Declarations> = {
  [Key in keyof Declared as VariableOf<Declared[Key]>]: z.ZodPrefault<ReturnType<typeof rate>>;
};

/** Returns the variables that limits declare. */
export const limitVariables = <Declared extends Declarations>(declared: Declared): LimitVariables<Declared> =>
  Object.fromEntries(
    Object.values(declared).flatMap((limit) => {
      if (!('variable' in limit)) return [];
      const { variable: name, default: byDefault, description } = limit;
      return [[name, variable({ parser: rate(), default: byDefault, description })]];
    }),
  ) as LimitVariables<Declared>;

/** Returns limits with the rates of the environment. */
export function configureLimits<Declared extends Declarations>(
  declared: Declared,
  rates: Readonly<Record<VariableOf<Declared[keyof Declared]>, Rate>>,
): Readonly<Record<keyof Declared, Limit>> {
  const rateOf = (limit: LimitDeclaration): Rate => {
    if ('rate' in limit) return limit.rate;
    if ('variable' in limit) return (rates as Readonly<Record<string, Rate>>)[limit.variable] as Rate;
    return rateOf(declared[limit.rateOf] as LimitDeclaration);
  };
  const limits = Object.entries(declared).map(([key, limit]) => {
    const { name, per } = limit;
    return [key, { name, per, ...rateOf(limit) }];
  });
  return Object.fromEntries(limits) as Record<keyof Declared, Limit>;
}
