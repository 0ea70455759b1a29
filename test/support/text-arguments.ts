import { startGateway, type TestGateway } from './gateway.ts';

type Argument = { name: string; type: TypeReference; defaultValue?: string | null };
type TypeReference = { kind: string; name: string | null; ofType?: TypeReference | null };
type Field = { name: string; args: Argument[]; type: TypeReference };
type Type = { name: string; inputFields: Argument[] | null; fields: Field[] | null };
const REFERENCE = 'kind name ofType { kind name ofType { kind name ofType { kind name } } }';
const spell = ({ kind, name, ofType }: TypeReference): string =>
  kind === 'NON_NULL' ? `${spell(ofType!)}!` : kind === 'LIST' ? `[${spell(ofType!)}]` : String(name);
const innermost = (type: TypeReference): TypeReference => (type.ofType ? innermost(type.ofType) : type);
const isText = (type: TypeReference) => ['String', 'ID'].includes(String(innermost(type).name));
/** A literal that a document may hold for a type of the schema. */
const literalOf = (type: TypeReference) => (innermost(type).name === 'Int' ? '1' : '"x"');
const isList = (type: TypeReference) => spell(type).startsWith('[');

/** A text argument of an operation: the document, its variables as JSON, and the name of the attribute. */
export type TextArgument = {
  document: string;
  attribute: string;
  /** @param text as JSON spells it, without its quotes */
  variables(text: string): string;
};

/** Every text argument of the schema's operations. */
export async function textArguments(gateway: TestGateway): Promise<TextArgument[]> {
  const lavish = await startGateway({ replicaOf: gateway, env: { GRAPHQL_MAX_COST: '100000' } });
  const query = `{ __schema { types { name inputFields { name type { ${REFERENCE} } }
    fields { name args { name defaultValue type { ${REFERENCE} } } type { ${REFERENCE} } } } } }`;
  const headers = { 'x-hasura-gateway-secret': lavish.secret, 'x-hasura-role': 'admin' };
  const found = await lavish.graphql<{ __schema: { types: Type[] } }>(query, {}, headers);
  await lavish.close();
  const { types } = found.__schema;
  const fieldsOf = (root: string) => types.find(({ name }) => name === root)?.fields ?? [];
  return (['Query', 'Mutation'] as const).flatMap((root) =>
    fieldsOf(root).flatMap((field) =>
      field.args.flatMap((argument) => {
        const inputs = types.find(({ name }) => name === innermost(argument.type).name)?.inputFields;
        const selection = ['SCALAR', 'ENUM'].includes(innermost(field.type).kind) ? '' : '{ __typename }';
        const others = field.args.filter(
          (other) => other !== argument && other.type.kind === 'NON_NULL' && other.defaultValue == null,
        );
        const given = [
          `${argument.name}: $v`,
          ...others.map(({ name, type }) => `${name}: ${literalOf(type)}`),
        ].join(', ');
        const document = `${root.toLowerCase()} ($v: ${spell(argument.type)}) { ${field.name}(${given}) ${selection} }`;
        const inList = (type: TypeReference, half: string) => (isList(type) ? `["${half}"]` : `"${half}"`);
        if (isText(argument.type))
          return [
            {
              document,
              attribute: argument.name,
              variables: (half: string) => `{"v":${inList(argument.type, half)}}`,
            },
          ];
        return (inputs ?? [])
          .filter(({ type }) => isText(type))
          .map(({ name, type }) => ({
            document,
            attribute: isList(type) ? `${name}.0` : name,
            variables: (half: string) => `{"v":{"${name}":${inList(type, half)}}}`,
          }));
      }),
    ),
  );
}
