import type { z } from 'zod';
import type { Config } from '../config/config.ts';
import type { AuthError } from '../errors.ts';
import type { GatewayDeps } from '../request/deps.ts';
import type { CorsRule } from './cors.ts';
import type { Endpoint } from './endpoint.ts';
import type { Guard, SpellError } from './routes.ts';

/** How a dialect reads JSON bodies. */
export type BodyRule = Readonly<{
  /** Whether null counts as missing where the schema does not accept it. Otherwise null is a wrong value there. */
  nullIsMissing: boolean;
  /**
   * Whether a body need not say that it is JSON, unless it says that it is a form. Only for a dialect that reads no cookies: a page of
   * any site can send plain text without a preflight.
   */
  anyMediaType?: boolean;
  /** The error for an attribute that is missing or wrong. Without it: `required` or `invalid`. */
  refuse?: (fault: BodyFault) => AuthError;
}>;

/** What is wrong with a body. */
export type BodyFault = Readonly<{
  /** The dotted name of the attribute. Empty if it is the body itself. */
  attribute: string;
  isMissing: boolean;
}>;

/** The body of an error, and the name of its schema in `/openapi.json`. */
export type ErrorForm = Readonly<{ name: string; schema: z.ZodType }>;

/** A dialect's part of `/openapi.json`. */
export type DialectDocumentation = Readonly<{
  /** The tag of its endpoints. */
  tag: string;
  description: string;
  /** The body of its errors. If there are several forms, every error may have any of them. */
  errors: readonly ErrorForm[];
}>;

/**
 * A dialect: HTTP paths with their own JSON, errors and CORS rule. It calls flows, and knows no tables.
 *
 * How to add a dialect:
 * 1. Make the folder `src/dialects/<name>/`. `objects.ts` has the JSON that it answers. `errors.ts` spells the errors.
 *    `endpoints.ts` has the endpoints, and exports the dialect.
 * 2. Add one line to `dialects` in `src/http/router.ts`.
 *
 * The gateway does the rest:
 * - It serves the endpoints, and answers 405 with all methods of the path.
 * - It validates input. A missing attribute is `required`, a wrong one `invalid`, with the dotted name of the attribute
 *   (`owner.emails.0`). Missing attributes come before wrong ones, each in the order of declaration.
 * - It spells every error of the dialect's paths by `spellError`: 405, malformed requests and `busy` too.
 * - It applies the CORS rule, and answers preflights.
 * - It adds the endpoints to `/openapi.json`.
 */
export type Dialect = Readonly<{
  name: string;
  /** Without it, the dialect is always on. The gateway answers as if a dialect that is off did not exist. */
  isEnabled?: (config: Config) => boolean;
  /** Unknown paths below it are answered in this dialect's form too: `/api`. */
  prefix?: string;
  /** Where all endpoints are served a second time, undocumented. Each is a prefix, too. */
  aliases?: readonly string[];
  spellError: SpellError;
  /** How pages of other origins may call. Without it, the rule of another dialect's prefix applies, if there is one. */
  cors?: (config: Config) => CorsRule;
  /** What every request must show before anything else, at unknown paths below the prefix too. */
  guard?: (deps: GatewayDeps) => Guard;
  bodies: BodyRule;
  /** Null: `/openapi.json` does not mention the dialect. */
  docs: DialectDocumentation | null;
  endpoints: (deps: GatewayDeps) => readonly Endpoint[];
}>;
