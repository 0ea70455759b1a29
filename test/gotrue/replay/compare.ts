/** Where our answer is not the recorded one: `status`, `header allow`, `body.user.email`. */
export type Difference = Readonly<{ at: string; recorded: unknown; ours: unknown }>;

export type Answer = Readonly<{ status: number; headers: Headers; body: unknown }>;

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  '«uuid»': UUID,
  '«jwt»': '[\\w-]+\\.[\\w-]+\\.[\\w-]+',
  '«token»': '[\\w-]{12,}',
  '«prefix»': '[\\w-]+',
  '«hash»': '[\\w-]{43,}',
  '«otp»': '\\d{6}',
  '«time»': '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?Z',
  '«unix»': '\\d{10}',
  '«n»': '\\d+',
  '«main»': 'https://auth\\.example\\.com',
  '«provider»': 'https?://[^/]+(?:/[^/?]+)*?',
  '«provider-token»': '[^&]+',
};

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Whether a text is the recorded one, whose placeholders stand for ids, tokens and times. */
const fits = (recorded: string, ours: string): boolean =>
  new RegExp(
    `^${recorded
      .split(/(«[^»]+»)/)
      .map((part) => PLACEHOLDERS[part] ?? literal(part))
      .join('')}$`,
  ).test(ours);

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Compares the attributes, and the order of those that both have. */
function compareObjects(
  recorded: Record<string, unknown>,
  ours: Record<string, unknown>,
  at: string,
): Difference[] {
  const orders = [
    Object.keys(recorded).filter((key) => key in ours),
    Object.keys(ours).filter((key) => key in recorded),
  ].map((keys) => keys.join(' '));
  return [
    ...(orders[0] === orders[1] ? [] : [{ at: `${at} (order)`, recorded: orders[0], ours: orders[1] }]),
    ...[...new Set([...Object.keys(recorded), ...Object.keys(ours)])].flatMap((key) =>
      compareBodies(recorded[key], ours[key], `${at}.${key}`),
    ),
  ];
}

function compareBodies(recorded: unknown, ours: unknown, at: string): Difference[] {
  if (isObject(recorded) && isObject(ours)) return compareObjects(recorded, ours, at);
  if (Array.isArray(recorded) && Array.isArray(ours) && recorded.length === ours.length)
    return recorded.flatMap((item, index) => compareBodies(item, ours[index], `${at}.${index}`));
  if (recorded === '«user»' && isObject(ours) && typeof ours.id === 'string') return [];
  // The size of a picture is not a promise.
  if (typeof recorded === 'string' && /^«\d+ bytes»$/.test(recorded) && ours !== undefined) return [];
  const isText = typeof recorded === 'string' && (typeof ours === 'string' || typeof ours === 'number');
  const isSame = isText ? fits(recorded, String(ours)) : Object.is(recorded, ours);
  return isSame ? [] : [{ at, recorded, ours }];
}

const mediaType = (header: string): string => (header.split(';')[0] ?? '').trim().toLowerCase();

function compareHeaders(recorded: Readonly<Record<string, string>>, ours: Headers): Difference[] {
  return Object.entries(recorded).flatMap(([name, value]): Difference[] => {
    const our = ours.get(name);
    const at = `header ${name}`;
    if (our === null) return [{ at, recorded: value, ours: null }];
    const same = name === 'content-type' ? mediaType(value) === mediaType(our) : fits(value, our);
    return same ? [] : [{ at, recorded: value, ours: our }];
  });
}

/** Lists where an answer differs from the recorded one. A header that was not recorded may be there. */
export function compare(
  recorded: { status: number; answer: { headers: Readonly<Record<string, string>>; body?: unknown } },
  ours: Answer,
): Difference[] {
  return [
    ...(recorded.status === ours.status
      ? []
      : [{ at: 'status', recorded: recorded.status, ours: ours.status }]),
    ...compareHeaders(recorded.answer.headers, ours.headers),
    // Where the status is another one, the bodies are too.
    ...(recorded.status === ours.status && recorded.answer.body !== undefined
      ? compareBodies(recorded.answer.body, ours.body, 'body')
      : []),
  ];
}
