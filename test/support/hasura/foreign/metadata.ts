import { parseJson } from '../json.ts';

// The metadata of an application that knows nothing of the gateway, as JSON text: its numbers do not fit JavaScript's.

const OWN = '{ "customer_id": { "_eq": "X-Hasura-User-Id" } }';

const CUSTOMERS = `{
  "table": { "schema": "public", "name": "customers" },
  "array_relationships": [{ "name": "orders", "using": { "foreign_key_constraint_on":
    { "column": "customer_id", "table": { "schema": "public", "name": "orders" } } } }],
  "remote_relationships": [{ "name": "events", "definition": { "to_source": { "source": "analytics",
    "table": { "schema": "measured", "name": "events" }, "relationship_type": "array",
    "field_mapping": { "id": "customer_id" } } } }],
  "select_permissions": [
    { "role": "user", "permission": { "columns": ["id", "name"], "filter": { "id": { "_eq": "X-Hasura-User-Id" } } } },
    { "role": "clerk", "permission": { "columns": ["id", "name"], "filter": {}, "limit": 50 } }
  ]
}`;

const ORDERS = `{
  "table": { "schema": "public", "name": "orders" },
  "configuration": { "column_config": { "placed_at": { "custom_name": "placedAt", "comment": "When it came." } } },
  "object_relationships": [{ "name": "customer", "using": { "foreign_key_constraint_on": "customer_id" } }],
  "computed_fields": [{ "name": "total_with_tax", "definition": { "function": { "schema": "public", "name": "with_tax" } } }],
  "remote_relationships": [{ "name": "product", "definition": { "to_remote_schema": { "remote_schema": "catalogue",
    "lhs_fields": ["product_id"], "remote_field": { "product": { "arguments": { "id": "$product_id" } } } } } }],
  "insert_permissions": [{ "role": "user", "permission": { "check": ${OWN}, "columns": ["id", "total", "product_id"],
    "set": { "customer_id": "x-hasura-user-id" } } }],
  "select_permissions": [
    { "role": "user", "permission": { "columns": ["id", "total", "placed_at", "product_id"],
      "filter": { "_and": [${OWN}, { "total": { "_lt": 9007199254740993 } }] } } },
    { "role": "clerk", "permission": { "columns": ["id", "total", "placed_at", "product_id"], "filter":
      { "total": { "_in": [9007199254740993, 10] } }, "allow_aggregations": true } }
  ],
  "delete_permissions": [{ "role": "clerk", "permission": { "filter": { "total": { "_eq": 1.50 } } } }],
  "event_triggers": [{ "name": "order_placed", "definition": { "enable_manual": false, "insert": { "columns": "*" } },
    "retry_conf": { "num_retries": 3, "interval_sec": 10, "timeout_sec": 60 }, "webhook": "{{SHOP_URL}}/events",
    "headers": [{ "name": "x-shop", "value_from_env": "SHOP_SECRET" }] }]
}`;

const EVENTS = `{
  "table": { "schema": "measured", "name": "events" },
  "select_permissions": [{ "role": "clerk", "permission": { "columns": "*",
    "filter": { "id": { "_gte": 9007199254740993 } } } }]
}`;

const SESSIONS = '{ "table": { "schema": "public", "name": "sessions" } }';
/** With the naming convention `graphql-default`, its type is `User` and one of its root fields `updateUser`. */
const USER_TABLE = '{ "table": { "schema": "public", "name": "user" } }';

/** A source of another kind, which the stand-in keeps and does not serve. */
const WAREHOUSE = `{ "name": "warehouse", "kind": "bigquery", "configuration": { "service_account": { "from_env": "ACCOUNT" },
  "datasets": ["sales"], "global_select_limit": 1.0 }, "tables": [{ "table": { "dataset": "sales", "name": "invoices" },
  "select_permissions": [{ "role": "user", "permission": { "columns": ["id"], "filter": { "id": { "_gt": 1e30 } } } }] }] }`;

const SDL = (fields: string) =>
  JSON.stringify(
    `schema { query: Query }\ntype Query { product(id: ID!): Product }\ntype Product { ${fields} }\nscalar Money`,
  );
const REMOTE_SCHEMAS = `[
  { "name": "reviews", "definition": { "url": "{{REVIEWS_URL}}", "timeout_seconds": 30, "customization":
    { "root_fields_namespace": "reviews", "type_names": { "prefix": "Rev_", "mapping": { "Author": "Writer" } },
      "field_names": [{ "parent_type": "Review", "mapping": { "text": "words" } }] } } },
  { "name": "catalogue", "comment": "Products", "definition": { "url_from_env": "CATALOGUE_URL", "forward_client_headers": true },
    "permissions": [
      { "role": "user", "definition": { "schema": ${SDL('id: ID! title: String! price: Money!')} } },
      { "role": "clerk", "definition": { "schema": ${SDL('id: ID! title: String! price: Money!')} } }
    ],
    "remote_relationships": [{ "type_name": "Product", "relationships": [{ "name": "orders", "definition": { "to_source":
      { "source": "default", "table": { "schema": "public", "name": "orders" }, "relationship_type": "array",
        "field_mapping": { "id": "product_id" } } } }] }] }
]`;

const HANDLER =
  '"handler": "{{SHOP_URL}}/actions", "headers": [{ "name": "x-shop", "value": "literal secret" }]';
const PLACE_ORDER = `{ "name": "placeOrder", "comment": "Buys.", "definition": { ${HANDLER}, "kind": "synchronous", "timeout": 30,
  "arguments": [{ "name": "product", "type": "ID!" }], "output_type": "PlacedOrder!", "type": "mutation" },
  "permissions": [{ "role": "user" }] }`;
const IMPORT = `{ "name": "importOrders", "definition": { ${HANDLER}, "kind": "asynchronous", "output_type": "PlacedOrder" } }`;
const ME = `{ "name": "me", "definition": { ${HANDLER}, "type": "query", "output_type": "Profile" } }`;
const WHOAMI = `{ "name": "whoami", "definition": { ${HANDLER}, "type": "query", "output_type": "User" } }`;

const typesWith = (...more: string[]) => `{ "objects": [
  { "name": "PlacedOrder", "fields": [{ "name": "orderId", "type": "bigint!" }],
    "relationships": [{ "name": "order", "type": "object", "source": "default",
      "remote_table": { "schema": "public", "name": "orders" }, "field_mapping": { "orderId": "id" } }] }
  ${more.map((type) => `, ${type}`).join('')} ],
  "enums": [{ "name": "Speed", "values": [{ "value": "FAST" }, { "value": "SLOW", "description": "Cheaper." }] }] }`;
const PROFILE = '{ "name": "Profile", "fields": [{ "name": "name", "type": "String!" }] }';
const USER = '{ "name": "User", "fields": [{ "name": "name", "type": "String!" }] }';

/** The names of the gateway that the application uses too. */
export type Clash = 'sessions' | 'me' | 'User' | 'user table';

const source = (name: string, variable: string, tables: readonly string[], more = '') => `{
  "name": "${name}", "kind": "postgres", "tables": [${tables.join(', ')}], ${more}
  "configuration": { "connection_info": { "database_url": { "from_env": "${variable}" }, "isolation_level": "read-committed",
    "use_prepared_statements": true, "pool_settings": { "max_connections": 50, "idle_timeout": 180 } } } }`;

export function foreignMetadata(clashes: readonly Clash[] = []): object {
  const has = (clash: Clash) => clashes.includes(clash);
  const tables = [
    ORDERS,
    CUSTOMERS,
    ...(has('sessions') ? [SESSIONS] : []),
    ...(has('user table') ? [USER_TABLE] : []),
  ];
  const convention = has('user table') ? '"customization": { "naming_convention": "graphql-default" },' : '';
  const actions = [PLACE_ORDER, IMPORT, ...(has('me') ? [ME] : []), ...(has('User') ? [WHOAMI] : [])];
  const types = [...(has('me') ? [PROFILE] : []), ...(has('User') ? [USER] : [])];
  const text = `{ "version": 3,
    "sources": [${source('default', 'SHOP_DATABASE_URL', tables, convention)},
      ${source('analytics', 'ANALYTICS_DATABASE_URL', [EVENTS], '"customization": { "root_fields": { "namespace": "measures" }, "type_names": { "prefix": "M_" } },')},
      ${WAREHOUSE}],
    "remote_schemas": ${REMOTE_SCHEMAS}, "actions": [${actions.join(', ')}], "custom_types": ${typesWith(...types)},
    "cron_triggers": [
      { "name": "nightly_report", "webhook": "{{SHOP_URL}}/report", "schedule": "0 1 * * *", "include_in_metadata": true,
        "payload": { "id": 9007199254740997 } },
      { "name": "hidden_cleanup", "webhook": "{{SHOP_URL}}/cleanup", "schedule": "0 2 * * *", "include_in_metadata": false }],
    "inherited_roles": [{ "role_name": "manager", "role_set": ["user", "clerk"] }],
    "query_collections": [{ "name": "allowed", "definition": { "queries": [{ "name": "orders", "query": "query orders { orders { id } }" }] } }],
    "allowlist": [{ "collection": "allowed", "scope": { "global": true } }],
    "rest_endpoints": [{ "name": "orders", "url": "orders", "methods": ["GET"], "definition":
      { "query": { "collection_name": "allowed", "query_name": "orders" } } }],
    "network": { "tls_allowlist": [{ "host": "shop.example.com" }] },
    "graphql_schema_introspection": { "disabled_for_roles": ["clerk"] }
  }`;
  return parseJson(text) as object;
}
