/** How much of a message of graphql-js is read. A client's names and values can make it as long as a request. */
const MAX_LENGTH = 512;

const SYNTAX_ERROR = 'Syntax Error: ';
const UNKNOWN_ENUM_VALUE = '" does not exist in "';
/** graphql-js writes a value after these words. */
const VALUE_FOLLOWS = [' has invalid value', ' got invalid value'];
const FOUND = ', found ';

/** The beginning of a message: only this is searched. */
export const beginningOf = (message: string): string => message.slice(0, MAX_LENGTH);

/**
 * Removes from a message of graphql-js the values that it quotes from the document or the variables: a value may be a password.
 * Names stay, and so does what the grammar or the schema expected.
 */
export function withoutValues(message: string): string {
  if (message.startsWith(SYNTAX_ERROR)) return withoutSource(message);
  if (message.startsWith('Value "')) return withoutEnumValue(message);
  const beginning = beginningOf(message);
  const ends = [
    beginning.indexOf(FOUND),
    colonAfter(' cannot represent ', beginning),
    ...VALUE_FOLLOWS.map((words) => endOf(words, beginning)),
  ].filter((end) => end !== -1);
  if (ends.length > 0) return `${beginning.slice(0, Math.min(...ends))}.`;
  return beginning === message ? message : `${beginning}…`;
}

/** `Expected Name, found String "secret".` or `Unexpected String "secret".` */
function withoutSource(message: string): string {
  const beginning = beginningOf(message);
  const isExpectation = beginning.startsWith(`${SYNTAX_ERROR}Expected `);
  const end = beginning.indexOf(isExpectation ? FOUND : ' "');
  if (end === -1) return beginning;
  const kept = beginning.slice(0, end);
  return `${kept.endsWith(':') ? kept.slice(0, -1) : kept}.`;
}

/** `Value "secret" does not exist in "LogoutScope" enum.` The text after the value comes from the schema. */
function withoutEnumValue(message: string): string {
  const end = message.lastIndexOf(UNKNOWN_ENUM_VALUE);
  return end === -1 ? 'A value is not valid.' : `A value${beginningOf(message.slice(end + 1))}`;
}

function endOf(words: string, text: string): number {
  const start = text.indexOf(words);
  return start === -1 ? -1 : start + words.length;
}

function colonAfter(words: string, text: string): number {
  const start = text.indexOf(words);
  return start === -1 ? -1 : text.indexOf(':', start);
}

/** Removes the names of the schema that graphql-js suggests. */
export function withoutSuggestions(sentence: string): string {
  const start = sentence.indexOf(' Did you mean ');
  return start === -1 ? sentence : sentence.slice(0, start);
}
