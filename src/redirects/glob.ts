/** One step of a pattern: the characters that it accepts, and whether it accepts any number of them. */
type Step = { accepts(character: string): boolean; repeats: boolean };

/** The characters at which `*` and `?` stop. */
const isSeparator = (character: string): boolean => character === '.' || character === '/';

const notSeparator = (character: string): boolean => !isSeparator(character);

/** Alternatives that one pattern may stand for, so that braces in braces do not multiply without end. */
const MAX_ALTERNATIVES = 100;

/** Writes the alternatives of the first `{a,b}` out, and those that follow. An escaped or open brace is a character. */
function expand(pattern: string): string[] {
  const done: string[] = [];
  const waiting = [pattern];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [whole, before = '', inner = '', after = ''] =
      /^((?:[^\\{]|\\.)*)\{([^{}]*)\}(.*)$/s.exec(next) ?? [];
    if (whole === undefined) done.push(next);
    else waiting.push(...inner.split(',').map((choice) => `${before}${choice}${after}`));
    if (done.length + waiting.length > MAX_ALTERNATIVES) return [];
  }
  return done;
}

function classOf(body: string): Step {
  const negated = /^[!^]/.test(body);
  const listed = negated ? body.slice(1) : body;
  const isListed = (character: string) =>
    [...listed.matchAll(/(.)-(.)|(.)/gs)].some(([, from, to, single]) =>
      from !== undefined && to !== undefined ? from <= character && character <= to : single === character,
    );
  return { accepts: (character) => isListed(character) !== negated, repeats: false };
}

/** `**`, `*`, `?`, `[a-z]`, an escaped character, or any other character. */
const STEPS = /(?<deep>\*\*+)|(?<star>\*)|(?<any>\?)|\[(?<listed>[^\]]+)\]|\\(?<escaped>.)|(?<literal>.)/gs;

function stepsOf(pattern: string): Step[] {
  return [...pattern.matchAll(STEPS)].map(({ groups = {} }): Step => {
    const { deep, star, any, listed, escaped, literal } = groups;
    if (deep !== undefined) return { accepts: () => true, repeats: true };
    if (star !== undefined) return { accepts: notSeparator, repeats: true };
    if (any !== undefined) return { accepts: notSeparator, repeats: false };
    if (listed !== undefined) return classOf(listed);
    const character = escaped ?? literal;
    return { accepts: (other) => other === character, repeats: false };
  });
}

/** The positions that follow, where every step that repeats may also be left out. */
function withSkips(steps: readonly Step[], positions: Iterable<number>): Set<number> {
  const all = new Set<number>();
  for (const position of positions)
    for (let at = position; !all.has(at); at++) {
      all.add(at);
      if (steps[at]?.repeats !== true) break;
    }
  return all;
}

/** Follows all ways through the pattern at once: the time grows with the lengths of text and pattern only. */
function matches(steps: readonly Step[], text: string): boolean {
  let positions = withSkips(steps, [0]);
  for (const character of text) {
    const next: number[] = [];
    for (const at of positions) {
      const step = steps[at];
      if (step?.accepts(character)) next.push(step.repeats ? at : at + 1);
    }
    if (next.length === 0) return false;
    positions = withSkips(steps, next);
  }
  return positions.has(steps.length);
}

/**
 * Tells whether a URL matches a pattern of the allow list, as GoTrue reads it: `*` stands for characters other than `.` and `/`, `**`
 * for all, `?` for one other than `.` and `/`, `[a-z]` for one of a list, `{a,b}` for alternatives, and `\` takes the next
 * character as it is. Libraries for globs know no separator but the slash.
 */
export const matchesGlob = (pattern: string, text: string): boolean =>
  expand(pattern).some((alternative) => matches(stepsOf(alternative), text));
