import type { Difference } from './compare.ts';

/** Where a difference on purpose shows. What is left out may be anything. */
export type Place = Readonly<{
  case?: string | RegExp;
  step?: number;
  at: string | RegExp;
  ours?: unknown;
}>;

/** Why the gateway answers otherwise than the real server did. */
export type Reason = Readonly<{ why: string; where: readonly Place[] }>;

export const reasons: readonly Reason[] = [];

const matches = (pattern: string | RegExp | undefined, text: string): boolean =>
  pattern === undefined || (typeof pattern === 'string' ? pattern === text : pattern.test(text));

/** Whether a difference is at a place. */
export const isAt = (place: Place, name: string, step: number, { at, ours }: Difference): boolean =>
  matches(place.case, name) &&
  (place.step === undefined || place.step === step) &&
  matches(place.at, at) &&
  (!('ours' in place) || JSON.stringify(place.ours) === JSON.stringify(ours));
