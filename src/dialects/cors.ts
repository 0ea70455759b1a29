import type { Config } from '../config/config.ts';

/** How pages of other origins may call. */
export type CorsRule = Readonly<{
  /** Origins as browsers spell them; `*` for all. */
  origins: readonly string[];
  /** Whether cookies may come along. They never do where the origins are `*`. */
  credentials: boolean;
  methods: readonly string[];
  allowedHeaders: readonly string[];
  exposedHeaders: readonly string[];
}>;

/** Headers that pages may always send. Libraries for tracing add the last two groups. */
const ALLOWED_HEADERS: readonly string[] = [
  ...['authorization', 'content-type', 'x-request-id'],
  ...['traceparent', 'tracestate', 'baggage', 'sentry-trace'],
  ...['b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid', 'x-b3-sampled'],
];

/** The rule for GET and POST by the configured origins, without cookies. */
export const configuredCors = ({ http }: Config): CorsRule => ({
  origins: http.corsOrigins,
  credentials: false,
  methods: ['GET', 'POST'],
  allowedHeaders: [...new Set([...ALLOWED_HEADERS, ...http.corsAllowedHeaders])],
  exposedHeaders: ['retry-after', 'x-request-id'],
});

/** Headers that Supabase's clients send. */
const SUPABASE_HEADERS: readonly string[] = [
  ...['accept', 'apikey', 'prefer', 'x-client-info', 'x-client-ip', 'x-jwt-aud', 'x-supabase-api-version'],
];

/** The headers that pages may send at paths that Supabase's clients call. */
export const withSupabaseHeaders = (allowed: readonly string[]): string[] => [
  ...new Set([...allowed, ...SUPABASE_HEADERS]),
];

/** The rule for what every page may read, without cookies. */
export const publicCors = (): CorsRule => ({
  origins: ['*'],
  credentials: false,
  methods: ['GET'],
  allowedHeaders: withSupabaseHeaders(ALLOWED_HEADERS),
  exposedHeaders: [],
});
