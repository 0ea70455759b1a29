import SchemaBuilder from '@pothos/core';
import type { Context } from './context.ts';
import { MUTATIONS, QUERIES } from './descriptions.ts';

export interface SchemaTypes {
  Context: Context;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
  };
}

export const builder = new SchemaBuilder<SchemaTypes>({ defaultFieldNullability: false });

builder.queryType({ description: QUERIES });
builder.mutationType({ description: MUTATIONS });

builder.scalarType('DateTime', {
  description: 'A date and time in UTC, in the form of ISO 8601: `2026-11-22T09:30:00.000Z`.',
  serialize: (moment) => moment.toISOString(),
  parseValue: (value) => {
    const moment = new Date(typeof value === 'string' ? value : Number.NaN);
    if (Number.isNaN(moment.getTime())) throw new TypeError('Expected a moment as ISO 8601 writes it.');
    return moment;
  },
});
