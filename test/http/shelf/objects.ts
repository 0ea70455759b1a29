import { z } from 'zod';

const Tag = z.object({ word: z.string(), weights: z.array(z.number()).max(5) });

/** A body with attributes of every kind. */
export const Profile = z.object({
  note: z.string().optional(),
  name: z.string(),
  draft: z.boolean(),
  pages: z.number().int(),
  owner: z.object({ email: z.string(), age: z.number().nullable(), nick: z.string().optional() }),
  tags: z.array(Tag).max(3),
  color: z.enum(['red', 'green']).optional(),
  meta: z.record(z.string(), z.unknown()).optional(),
});

export const Book = z.object({ title: z.string() });

export const BookQuery = z.object({
  limit: z.coerce.number().int().min(1).default(10).meta({ description: 'How many books.' }),
  tag: z.array(z.string()).default([]),
  author: z.string().optional(),
  lent: z.stringbool().optional(),
});
