import { sameTable, type TableName, type TableShape } from './table-shape.ts';

type ObjectRelationship = { name: string; column: string; target: TableName };
type ArrayRelationship = { name: string; target: TableName & { column: string } };
export type Relationships = { object: ObjectRelationship[]; array: ArrayRelationship[] };

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

/** `user_id` → `user`. */
const objectName = (column: string) => column.replace(/_id$/, '');

/** `memberships.user_id` → `memberships`; `sessions.active_team_id` → `active_team_sessions`. */
function arrayName(column: string, from: TableShape, to: TableName): string {
  const plain = to.name.replace(/s$/, '');
  return objectName(column) === plain ? from.name : `${objectName(column)}_${from.name}`;
}

/** Derives the relationships of a table from the foreign keys among the tracked tables. */
export function relationshipsOf(table: TableShape, tracked: readonly TableShape[]): Relationships {
  const object = table.foreignKeys
    .filter(({ references }) => tracked.some((other) => sameTable(other, references)))
    .map(({ column, references }) => ({ name: objectName(column), column, target: references }));
  const array = tracked.flatMap((other) =>
    other.foreignKeys
      .filter(({ references }) => sameTable(references, table))
      .map(({ column }) => ({
        name: arrayName(column, other, table),
        target: { schema: other.schema, name: other.name, column },
      })),
  );
  return { object: object.sort(byName), array: array.sort(byName) };
}
