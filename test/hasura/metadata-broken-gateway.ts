import { type BrokenExample, broken, changed, edited, grown, tableFile } from './metadata-example.ts';

const cache = tableFile('cache');
const teams = tableFile('teams');
const databases = 'databases/databases.yaml';
const remote = 'remote_schemas.yaml';
const actions = 'actions.yaml';
const actionsSdl = 'actions.graphql';
const cron = 'cron_triggers.yaml';

const joins: BrokenExample[] = [
  edited(
    teams,
    'join-target',
    'an unknown remote schema',
    'remote_schema: portcullis',
    'remote_schema: other',
  ),
  edited(teams, 'join-target', 'an unknown root field', 'team:\n            arg', 'squad:\n            arg'),
  edited(
    teams,
    'join-target',
    'a mutation as the target',
    'team:\n            arg',
    'login:\n            arg',
  ),
  {
    ...edited(teams, 'join-argument', 'an unknown argument', 'id: $id', 'id: $id\n              uid: $id'),
  },
  edited(teams, 'join-argument', 'a required argument that is missing', 'id: $id', 'first: $id'),
  {
    ...broken('join-argument', 'an argument of another type than its column'),
    edit: [teams, 'id: $id', 'id: $id\n              first: $id'],
  },
  {
    ...broken('join-argument', 'a list argument'),
    edit: [remote, 'team(id: ID!, first', 'team(id: [ID!]!, first'],
    sdl: changed('team(id: ID!, first', 'team(id: [ID!]!, first'),
  },
  {
    ...broken('join-column', 'an unknown column'),
    edit: [teams, 'lhs_fields:\n', 'lhs_fields:\n          - uid\n'],
    also: ['join-role'],
  },
  {
    ...edited(teams, 'join-column', 'a column that is not listed', 'id: $id', 'id: $name'),
    also: ['join-argument'],
  },
  edited(teams, 'join-name', 'the name of a column', 'gateway_team', 'name'),
  edited(teams, 'join-name', 'the name of another relationship', 'gateway_team', 'projects'),
  {
    ...broken('join-role', 'a role that lacks the root field'),
    edit: [remote, '            team(id: ID!, first: Int = 10): Team\n', ''],
    also: ['root-field-assigned'],
  },
  edited(teams, 'join-role', 'a role that lacks the column', 'columns:\n        - id\n', 'columns:\n'),
  edited(teams, 'shape', 'a constant for an argument', 'id: $id', 'id: "1"'),
  edited(
    teams,
    'shape',
    'a path of fields',
    'remote_field:\n',
    'remote_field:\n          me: {arguments: {}}\n',
  ),
  edited(teams, 'shape', 'a join of another kind', 'to_remote_schema', 'to_source'),
];

export const brokenGateway: readonly BrokenExample[] = [
  ...joins,
  {
    ...broken('names-unique', 'an action type and a remote type with one name'),
    sdl: grown('type RefreshEnsActionOutput { a: Int }'),
  },
  {
    ...broken('names-unique', 'an action and a remote field with one name'),
    also: ['root-field-assigned'],
    sdl: changed('me: User', 'me: User generateJwk: User'),
  },
  {
    ...broken('names-unique', 'a table and a remote type with one name'),
    sdl: grown('type portcullis_users { a: Int }'),
  },
  edited(
    cache,
    'names-unique',
    'two tables with one name',
    'configuration:\n',
    'configuration:\n  custom_name: jwks\n',
  ),
  edited(
    actions,
    'secret-header',
    'a header that clients can replace',
    '        - name: x-hasura-gateway-secret\n',
    '        - {name: x-secret, value_from_env: INTERNAL_ENDPOINTS_SECRET}\n        - name: x-hasura-gateway-secret\n',
  ),
  edited(
    cron,
    'secret-header',
    'a cron trigger without the secret',
    'x-hasura-gateway-secret',
    'x-hasura-other',
  ),
  edited(
    remote,
    'client-headers',
    'a remote schema without client headers',
    'headers: true',
    'headers: false',
  ),
  edited(actions, 'client-headers', 'an action with client headers', 'headers: false', 'headers: true'),
  edited(
    remote,
    'environment-known',
    'an unknown variable of the secret',
    'INTERNAL_ENDPOINTS_SECRET',
    'OTHER_SECRET',
  ),
  edited(
    actions,
    'environment-known',
    'an unknown variable of the base URL',
    '{{PORTCULLIS_URL}}',
    '{{BASE_URL}}',
  ),
  edited(
    cron,
    'environment-only',
    'a literal address of a cron trigger',
    '{{PORTCULLIS_URL}}',
    'http://gateway:4000',
  ),
  edited(
    remote,
    'environment-only',
    'a literal address of the remote schema',
    'url_from_env: PORTCULLIS_GRAPHQL_URL',
    'url: http://gateway:4000/graphql',
  ),
  edited(
    remote,
    'environment-only',
    'a literal secret',
    'value_from_env: INTERNAL_ENDPOINTS_SECRET',
    'value: s3cret',
  ),
  edited(
    databases,
    'environment-only',
    'a literal database URL',
    'database_url:\n        from_env: HASURA_SOURCE_DATABASE_URL',
    'database_url: postgres://a:b@c/d',
  ),
  edited(actions, 'handler-address', 'a slash at the end', 'actions/refreshEns', 'actions/refreshEns/'),
  edited(cron, 'handler-address', 'an unknown route', 'cron/refresh-ens', 'cron/refresh'),
  edited(remote, 'timeout', 'a missing timeout', '    timeout_seconds: 15\n', ''),
  edited(actions, 'timeout', 'a timeout that is too long', 'timeout: 30', 'timeout: 300'),
  edited(
    actionsSdl,
    'action-declared',
    'an action without a handler',
    'type Mutation {',
    'type Mutation {\n  other: String',
  ),
  edited(
    actionsSdl,
    'action-declared',
    'a handler without an action',
    '  refreshEns: RefreshEnsActionOutput!\n',
    '',
  ),
  edited(
    actions,
    'action-declared',
    'an unlisted type',
    '    - name: RefreshEnsActionOutput\n      description: The contract addresses after a look-up.\n',
    '',
  ),
  edited(actionsSdl, 'action-sdl', 'text that is not GraphQL', 'type Mutation {', 'type Mutation'),
  edited(
    actionsSdl,
    'action-sdl',
    'a union',
    'type Mutation {',
    'union Any = GenerateJwkActionOutput\ntype Mutation {',
  ),
  edited(
    actionsSdl,
    'action-sdl',
    'a field with arguments',
    '  key: String!',
    '  key(short: Boolean): String!',
  ),
  edited(actionsSdl, 'action-sdl', 'an unknown type', 'value: String!', 'value: EthereumAddress!'),
  edited(actions, 'action-relationship', 'an unknown column', 'id: id', 'id: kid'),
  edited(actionsSdl, 'action-relationship', 'a relationship from a list', 'id: String!', 'id: [String!]!'),
  edited(actions, 'action-relationship', 'an untracked table', 'name: jwks', 'name: keys'),
  edited(actions, 'action-relationship', 'the name of a field', 'name: jwk\n', 'name: success\n'),
  edited(actions, 'action-synchronous', 'an asynchronous action', 'kind: synchronous', 'kind: asynchronous'),
  edited(
    actions,
    'action-permission',
    'an action for the role user',
    'permissions: []',
    'permissions: [{role: user}]',
  ),
  edited(cron, 'cron', 'a trigger outside the metadata', 'in_metadata: true', 'in_metadata: false'),
  edited(cron, 'cron', 'minute 60', '17 * * * *', '60 * * * *'),
  edited(cron, 'cron', 'six fields', '17 * * * *', '0 17 * * * *'),
  edited(cron, 'cron', 'a trigger without retries', 'num_retries: 1', 'num_retries: 0'),
  edited(
    cron,
    'cron',
    'a name twice',
    '- name: refresh_ens',
    '- name: prune\n  webhook: "{{PORTCULLIS_URL}}/hasura/cron/prune"\n  schedule: 1 * * * *\n  include_in_metadata: true\n  headers: [{name: x-hasura-gateway-secret, value_from_env: INTERNAL_ENDPOINTS_SECRET}]\n  retry_conf: {num_retries: 1, retry_interval_seconds: 1, timeout_seconds: 1}\n- name: refresh_ens',
  ),
];
