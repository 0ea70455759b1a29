import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

export type Service = {
  image: string;
  build?: string;
  command?: string[];
  restart?: string;
  profiles?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test?: string[]; disable?: boolean; start_period?: string };
  ports?: string[];
  volumes?: string[];
  networks?: Record<string, { ipv4_address: string }>;
};
type Network = { ipam: { config: { subnet: string; ip_range: string; gateway: string }[] } };
export type Compose = {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  networks: Record<string, Network>;
};
export type Variables = Record<string, string>;

const EXPRESSION = /\$(?:(\$)|\{(\w+)(?:(:-|:\?)([^}]*))?\})/g;

export type Reference = { name: string; operator: string | undefined; operand: string };

/** Every `${…}` of a text, in the part of compose's syntax that is used here. */
function references(text: string): Reference[] {
  return [...text.matchAll(EXPRESSION)].flatMap(([, , name, operator, operand = '']) =>
    name === undefined ? [] : [{ name, operator, operand }],
  );
}

/** Fills in the variables as compose does. @throws Error for `${NAME:?message}` where NAME is unset or empty. */
function interpolate(text: string, variables: Variables): string {
  const filled = text.replaceAll(EXPRESSION, (_, dollar, name, operator, operand) => {
    if (dollar !== undefined) return '$';
    const value = variables[name] ?? '';
    if (value !== '' || operator === undefined) return value;
    if (operator === ':-') return operand;
    throw new Error(`${name} ${operand}`);
  });
  return filled;
}

function interpolateAll<T>(value: T, variables: Variables): T {
  if (typeof value === 'string') return interpolate(value, variables) as T;
  if (Array.isArray(value)) return value.map((item) => interpolateAll(item, variables)) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, interpolateAll(item, variables)]),
  ) as T;
}

const composeText = await readFile('docker-compose.yml', 'utf8');

/** The compose file with resolved anchors, before its variables are filled in. */
export const readCompose = (): Compose => parse(composeText, { merge: true }) as Compose;

/** Every use of a variable, outside of comments. */
export const composeReferences = (): Reference[] => references(JSON.stringify(readCompose()));

export const resolveCompose = (variables: Variables): Compose => interpolateAll(readCompose(), variables);

export async function readExample(): Promise<Variables> {
  const lines = (await readFile('.env.example', 'utf8')).split('\n');
  const assignments = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    assignments.map((line) => {
      const at = line.indexOf('=');
      if (!/^\w+=/.test(line)) throw new Error(`Not an assignment: ${line}`);
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** The variables of a person who filled in .env.example. */
export async function filledExample(): Promise<Variables> {
  const secrets = composeReferences()
    .filter(({ operator }) => operator === ':?')
    .map(({ name }) => [name, randomBytes(32).toString(name === 'KEY_ENCRYPTION_KEYS' ? 'base64' : 'hex')]);
  return { ...(await readExample()), ...Object.fromEntries(secrets) };
}

export type Instruction = { name: string; rest: string };

/** The Dockerfile's instructions, one list for each stage. */
export async function readDockerfile(): Promise<Instruction[][]> {
  const text = (await readFile('Dockerfile', 'utf8')).replaceAll(/^#.*\n/gm, '').replaceAll('\\\n', ' ');
  const stages: Instruction[][] = [];
  for (const line of text.split('\n').filter((part) => part.trim() !== '')) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? [];
    if (name === 'FROM') stages.push([]);
    stages.at(-1)?.push({ name, rest });
  }
  return stages;
}

export type Copy = { from: string | undefined; sources: string[]; target: string };

export function copiesOf(stage: readonly Instruction[]): Copy[] {
  return stage
    .filter(({ name }) => name === 'COPY')
    .map(({ rest }) => {
      const words = rest.split(/\s+/);
      const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
      const paths = words.filter((word) => !word.startsWith('--'));
      return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
    });
}

/** The command of `HEALTHCHECK … CMD [...]`. */
export function imageHealthcheck(stage: readonly Instruction[]): string[] {
  const { rest = '' } = stage.find(({ name }) => name === 'HEALTHCHECK') ?? {};
  return JSON.parse(rest.slice(rest.indexOf('['))) as string[];
}
