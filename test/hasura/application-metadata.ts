import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What an application adds to a file of the metadata. Comments, quotes and indentation are as people and tools write them. */
const ADDED: Readonly<Record<string, string>> = {
  'actions.graphql': `
# Ours.
type Mutation {
  placeOrder(order: OrderInput!): OrderOutput
}

type Query { quote(order: OrderInput!): OrderOutput }

input OrderInput { sku: String! }
type OrderOutput { id: uuid! price: geography }
`,
  'remote_schemas.yaml': `
- name: payments   # theirs
  definition:
      url: 'https://payments.example/graphql'
      timeout_seconds: 600
  permissions:
  - role: accountant
    definition:
      schema: "type Query { invoices: Int }"
`,
  'cron_triggers.yaml': `
# Every night.
-   name: nightly
    webhook: '{{APP_URL}}/nightly'
    schedule: 0 3 * * *
    include_in_metadata: true
    payload: {big: 9007199254740993}
`,
  'databases/databases.yaml': `
- name: warehouse
  kind: bigquery
  configuration: {service_account: {from_env: BIGQUERY_ACCOUNT}, datasets: {from_env: DATASETS}}
  tables: "!include warehouse/tables/tables.yaml"
`,
  'databases/portcullis/tables/tables.yaml': `- "!include public_notes.yaml"
- !include public_labels.yaml
`,
};

const NEW: Readonly<Record<string, string>> = {
  'databases/warehouse/tables/tables.yaml': '- "!include sales_orders.yaml"\n',
  'databases/warehouse/tables/sales_orders.yaml': 'table: {dataset: sales, name: orders}\n',
  'databases/portcullis/tables/public_labels.yaml': 'table: {name: labels, schema: public}\n',
  'databases/portcullis/tables/public_notes.yaml': `table:
  name: notes
  schema: public
computed_fields:
- name: excerpt
  definition: {function: {name: excerpt, schema: public}}
event_triggers:
- name: note_written
  definition: {enable_manual: false, insert: {columns: '*'}}
  retry_conf: {interval_sec: 10, num_retries: 0, timeout_sec: 60}
  webhook_from_env: NOTE_HOOK
insert_permissions:
- role: editor
  permission: {check: {}, columns: '*'}
select_permissions:
- role: editor
  permission: {columns: '*', filter: {}, allow_aggregations: true}
`,
  'opentelemetry.yaml': 'status: disabled\n',
  'notes.txt': 'Read me.\n',
};

/** Replaces a text of a file of the metadata. @throws Error if the file does not hold the text */
export async function replaceIn(metadata: string, path: string, from: string, to: string): Promise<void> {
  const content = await readFile(join(metadata, path), 'utf8');
  if (!content.includes(from)) throw new Error(`${path} does not hold ${from}`);
  await writeFile(
    join(metadata, path),
    content.replace(from, () => to),
  );
}

/** Adds an application's metadata to a generated folder: in every file that may hold some, and in files of its own. */
export async function addApplication(metadata: string): Promise<void> {
  for (const [path, text] of Object.entries(ADDED)) await appendFile(join(metadata, path), text);
  for (const [path, text] of Object.entries(NEW)) {
    await mkdir(dirname(join(metadata, path)), { recursive: true });
    await writeFile(join(metadata, path), text);
  }
  await writeFile(join(metadata, 'inherited_roles.yaml'), '- role_name: chief\n  role_set: [editor, user]\n');
  await writeFile(join(metadata, 'network.yaml'), 'tls_allowlist:\n- host: payments.example\n');
  await writeFile(
    join(metadata, 'graphql_schema_introspection.yaml'),
    'disabled_for_roles: [anonymous, guest]\n',
  );
  await replaceIn(
    metadata,
    'actions.yaml',
    'custom_types:',
    `  # Ours.
  - name: placeOrder
    definition: {kind: asynchronous, handler: 'https://orders.example/place'}
    permissions: [{role: editor}]
  - name: quote
    definition:
      handler: '{{APP_URL}}/quote'
custom_types:`,
  );
  await replaceIn(metadata, 'actions.yaml', 'input_objects:\n', 'input_objects:\n    - name: OrderInput\n');
  await replaceIn(
    metadata,
    'actions.yaml',
    '\n  objects:\n',
    '\n  objects:\n    - name: OrderOutput # ours\n',
  );
}
