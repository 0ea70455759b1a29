import { z } from 'zod';

export const DAY = 86_400;

export const text = () => z.string().trim().min(1);
export const list = (separator: string | RegExp = ',') =>
  z.string().transform((value) =>
    value
      .split(separator)
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );
export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().int().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));
export const seconds = (min: number, max: number) => integer(min, max);
export const flag = () =>
  z.enum(['on', 'off', 'true', 'false', '1', '0']).transform((value) => ['on', 'true', '1'].includes(value));
export const httpUrl = () => z.url({ protocol: /^https?$/, message: 'must be an http or https URL' });

/** A count, a slash and seconds. */
export const rate = () =>
  z
    .string()
    .regex(/^[1-9]\d{0,6}\/[1-9]\d{0,6}$/, 'must look like 10/900: a count, a slash, seconds')
    .transform((value) => {
      const [count, seconds] = value.split('/').map(Number) as [number, number];
      return { count, seconds };
    });

/** One secret or two of at least 32 characters: two while it is rotated. */
export const secrets = () =>
  list().pipe(
    z.array(z.string().min(32, 'must be at least 32 characters')).min(1).max(2, 'must be one secret or two'),
  );
