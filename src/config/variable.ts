import { z } from 'zod';

/** What a declaration says of a variable beside its parser and its default. */
type Facts = {
  /** For README's table, which also says where the variable is required in production. */
  description: string;
  /** What the table shows where the default is not a text that could be set. */
  shownDefault?: string;
  /** Whether the value may also stand in a file, which `<name>_FILE` names. */
  secret?: true;
  /** Whether `NODE_ENV=production` refuses to start without it. */
  requiredInProduction?: true;
  /** The variable without which this one cannot be set. */
  needs?: string;
};

declare module 'zod' {
  interface GlobalMeta extends Partial<Omit<Facts, 'description'>> {}
}

/** A parser of what the environment holds. */
type Parser = z.ZodType<unknown, string>;
type Declaration<P extends Parser> = Facts & { parser: P };

/**
 * Declares an environment variable; its key is its name. An unset variable has its default, which is parsed too, or is
 * undefined.
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
