/**
 * The metadata of an application that knows nothing of Portcullis, as text: `JSON.parse` would round its numbers. It has two
 * sources, a role `user`, and what an export can hold besides.
 */
export const foreignExport = `{
  "version": 3,
  "sources": [
    {
      "name": "default",
      "kind": "postgres",
      "tables": [
        {
          "table": {"schema": "public", "name": "notes"},
          "object_relationships": [
            {"name": "author", "using": {"foreign_key_constraint_on": "author_id"}}
          ],
          "array_relationships": [
            {"name": "tags", "using": {"manual_configuration": {"column_mapping": {"id": "note_id"}, "insertion_order": null, "remote_table": {"schema": "public", "name": "tags"}}}}
          ],
          "remote_relationships": [
            {"name": "forecast", "definition": {"to_remote_schema": {"remote_schema": "weather", "lhs_fields": ["city"], "remote_field": {"forecast": {"arguments": {"city": "$city"}}}}}}
          ],
          "insert_permissions": [{"role": "user", "permission": {"check": {"author_id": {"_eq": "X-Hasura-User-Id"}}, "columns": "*"}}],
          "select_permissions": [
            {"role": "editor", "permission": {"columns": "*", "filter": {"tenant": {"_eq": 9007199254740993}}, "limit": 1.10}},
            {"role": "user", "permission": {"columns": ["id", "title"], "filter": {"_or": [{"author_id": {"_eq": "X-Hasura-User-Id"}}, {"size": {"_lt": 1e400}}]}}, "comment": "own notes"}
          ],
          "event_triggers": [
            {"name": "note_written", "definition": {"enable_manual": false, "insert": {"columns": "*"}}, "retry_conf": {"interval_sec": 10, "num_retries": 18446744073709551616, "timeout_sec": 60}, "webhook": "https://example.com/hook", "headers": [{"name": "x-key", "value": "literal-secret"}]}
          ]
        },
        {"table": {"schema": "public", "name": "tags"}, "apollo_federation_config": {"enable": "v1"}, "some_future_key": {"b": 1, "a": [2, 1]}}
      ],
      "functions": [{"function": {"schema": "public", "name": "search_notes"}}],
      "configuration": {"connection_info": {"database_url": {"from_env": "APP_DATABASE_URL"}, "isolation_level": "read-committed", "use_prepared_statements": false}}
    },
    {
      "name": "warehouse",
      "kind": "mssql",
      "tables": [{"table": {"schema": "dbo", "name": "orders"}, "select_permissions": [{"role": "user", "permission": {"columns": ["id"], "filter": {}}}]}],
      "configuration": {"connection_info": {"connection_string": "Server=tcp:w,1433;Password=literal", "pool_settings": {"max_connections": 50}}},
      "customization": {"root_fields": {"namespace": "warehouse"}, "type_names": {"prefix": "W_"}}
    }
  ],
  "remote_schemas": [
    {
      "name": "weather",
      "definition": {"url": "https://weather.example.com/graphql", "timeout_seconds": 60, "customization": {"root_fields_namespace": "weather"}},
      "permissions": [{"role": "user", "definition": {"schema": "type Query { forecast(city: String!): String }"}}],
      "remote_relationships": [{"type_name": "City", "relationships": [{"name": "notes", "definition": {"to_source": {"source": "default", "table": {"schema": "public", "name": "notes"}, "relationship_type": "array", "field_mapping": {"name": "city"}}}}]}]
    }
  ],
  "query_collections": [{"name": "allowed-queries", "definition": {"queries": [{"name": "notes", "query": "query notes { notes { id } }"}]}}],
  "allowlist": [{"collection": "allowed-queries", "scope": {"global": true}}],
  "actions": [
    {"name": "publish", "definition": {"handler": "{{APP_URL}}/publish", "output_type": "Published!", "arguments": [{"name": "id", "type": "uuid!"}], "type": "mutation", "headers": [{"name": "x-key", "value": "literal-secret"}]}, "permissions": [{"role": "user"}]}
  ],
  "custom_types": {
    "objects": [{"name": "Published", "fields": [{"name": "noteId", "type": "uuid!"}], "relationships": [{"name": "note", "type": "object", "source": "default", "remote_table": {"schema": "public", "name": "notes"}, "field_mapping": {"noteId": "id"}}]}]
  },
  "cron_triggers": [{"name": "nightly", "webhook": "{{APP_URL}}/nightly", "schedule": "0 3 * * *", "include_in_metadata": true, "payload": {"at": 12345678901234567890}}],
  "inherited_roles": [{"role_name": "chief", "role_set": ["editor", "user"]}],
  "rest_endpoints": [{"name": "notes", "url": "notes", "methods": ["GET"], "definition": {"query": {"collection_name": "allowed-queries", "query_name": "notes"}}}],
  "opentelemetry": {"status": "disabled"}
}`;
