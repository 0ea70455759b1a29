import { z } from 'zod';

/** The facts of a variable besides its parser and its default. */
type Facts = {
  /** The description in README's table, which also says that a variable is required in production. */
  description: string;
  /** The default in README's table, if it is not a text that can be set. */
  shownDefault?: string;
  /** Whether `<name>_FILE` may name a file with the value. */
  secret?: true;
  /** Whether `NODE_ENV=production` refuses to start without it. */
  requiredInProduction?: true;
  /** The variable without which this one cannot be set. */
  needs?: string;
};

declare module 'zod' {
  interface GlobalMeta extends Partial<Omit<Facts, 'description'>> {}
}

/** A parser of a variable's text. */
type Parser = z.ZodType<unknown, string>;
type Declaration<P extends Parser> = Facts & { parser: P };

/**
 * Declares an environment variable; its key is its name. An unset variable has its default, which is parsed too. Without a
 * default it is undefined.
 */
export function variable<P extends Parser>(
  declaration: Declaration<P> & { default: z.input<P> },
): z.ZodPrefault<P>;
export function variable<P extends Parser>(declaration: Declaration<P>): z.ZodOptional<P>;
export function variable<P extends Parser>({
  parser,
  default: byDefault,
  ...facts
}: Declaration<P> & { default?: z.input<P> }) {
  const schema = byDefault === undefined ? z.optional(parser) : z.prefault(parser, byDefault);
  const required = facts.requiredInProduction ? ' Required in production.' : '';
  return schema.meta({ ...facts, description: facts.description + required });
}
