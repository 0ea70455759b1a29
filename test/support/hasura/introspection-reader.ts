import {
  buildClientSchema,
  type GraphQLSchema,
  type IntrospectionQuery,
  parseConstValue,
  validateSchema,
} from 'graphql';
import { kindOf } from './json.ts';

type Json = Readonly<Record<string, unknown>>;

const failed = (path: string, why: string): Error => new Error(`Error in ${path}: ${why}`);

function asObject(value: unknown, path: string): Json {
  if (kindOf(value) === 'Object') return value as Json;
  throw failed(path, `expected Object, but encountered ${kindOf(value)}`);
}

/** A key that must be there. The engine's paths do not tell of `data` and `__schema`. */
function required(object: Json, key: string, path: string): unknown {
  if (!(key in object)) throw failed(path, `key "${key}" not found`);
  return object[key];
}

function requiredText(object: Json, key: string, path: string): string {
  const value = required(object, key, path);
  if (typeof value === 'string') return value;
  throw failed(`${path}.${key}`, `expected String, but encountered ${kindOf(value)}`);
}

function requiredList(object: Json, key: string, path: string): [item: Json, path: string][] {
  const value = required(object, key, path);
  const at = `${path}.${key}`;
  if (!Array.isArray(value)) throw failed(at, `expected Array, but encountered ${kindOf(value)}`);
  return value.map((item: unknown, index) => [asObject(item, `${at}[${index}]`), `${at}[${index}]`]);
}

/** A list that may be missing or null. */
const optionalList = (object: Json, key: string, path: string): [item: Json, path: string][] =>
  object[key] == null ? [] : requiredList(object, key, path);

function readTypeReference(value: unknown, path: string): unknown {
  const reference = asObject(value, path);
  const kind = requiredText(reference, 'kind', path);
  if (kind !== 'NON_NULL' && kind !== 'LIST') {
    if (reference.name == null) throw failed(path, `kind: ${kind} should have name`);
    return { kind, name: reference.name };
  }
  if (reference.ofType == null) throw failed(path, `${kind} should have \`ofType\``);
  return { kind, ofType: readTypeReference(reference.ofType, `${path}.ofType`) };
}

function readInput([input, path]: [Json, string]): unknown {
  const name = requiredText(input, 'name', path);
  const type = readTypeReference(required(input, 'type', path), `${path}.type`);
  const { description, defaultValue = null } = input;
  if (defaultValue !== null) requireConstant(defaultValue, `${path}.defaultValue`);
  return { name, description, type, defaultValue };
}

function requireConstant(value: unknown, path: string): void {
  try {
    parseConstValue(String(value));
  } catch {
    throw failed(path, `${JSON.stringify(value)} is no constant`);
  }
}

function readField([field, path]: [Json, string]): unknown {
  const name = requiredText(field, 'name', path);
  const args = requiredList(field, 'args', path).map(readInput);
  const type = readTypeReference(required(field, 'type', path), `${path}.type`);
  return { name, description: field.description, args, type };
}

const readNamed = ([named, path]: [Json, string]): unknown => ({
  kind: requiredText(named, 'kind', path),
  name: requiredText(named, 'name', path),
});

function readType([type, path]: [Json, string]): unknown {
  const kind = requiredText(type, 'kind', path);
  const known = { kind, name: requiredText(type, 'name', path), description: type.description };
  switch (kind) {
    case 'SCALAR':
      return known;
    case 'OBJECT':
    case 'INTERFACE': {
      // Which interfaces an interface has is not looked at.
      const interfaces = kind === 'OBJECT' ? optionalList(type, 'interfaces', path).map(readNamed) : [];
      const possibleTypes =
        kind === 'INTERFACE' ? optionalList(type, 'possibleTypes', path).map(readNamed) : [];
      return {
        ...known,
        interfaces,
        possibleTypes,
        fields: optionalList(type, 'fields', path).map(readField),
      };
    }
    case 'UNION':
      return { ...known, possibleTypes: requiredList(type, 'possibleTypes', path).map(readNamed) };
    case 'ENUM': {
      const values = requiredList(type, 'enumValues', path);
      const enumValues = values.map(([value, at]) => ({ ...value, name: requiredText(value, 'name', at) }));
      return { ...known, enumValues };
    }
    case 'INPUT_OBJECT':
      return { ...known, inputFields: optionalList(type, 'inputFields', path).map(readInput) };
    default:
      throw failed(path, `unknown kind: ${kind}`);
  }
}

/**
 * The schema that an answer to the engine's introspection describes (hasura/README.md, "What the gateway schema may contain").
 * @throws Error in the engine's words where the answer is not of its form, and in graphql-js's where the schema is not valid
 */
export function readIntrospection(text: string): GraphQLSchema {
  const data = asObject(required(asObject(JSON.parse(text), '$'), 'data', '$'), '$.data');
  const schema = asObject(required(data, '__schema', '$'), '$.__schema');
  const types = requiredList(schema, 'types', '$').map(readType);
  const root = (key: string) => ({ name: requiredText(asObject(schema[key], `$.${key}`), 'name', '$') });
  required(schema, 'queryType', '$');
  const read = {
    ...{ types, directives: [], queryType: root('queryType') },
    mutationType: schema.mutationType == null ? null : root('mutationType'),
    subscriptionType: schema.subscriptionType == null ? null : root('subscriptionType'),
  };
  const built = buildClientSchema({ __schema: read } as unknown as IntrospectionQuery);
  const [error] = validateSchema(built);
  if (error !== undefined) throw error;
  return built;
}
