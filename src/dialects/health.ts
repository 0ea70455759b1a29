import { version } from '../version.ts';

/** What `/health` answers, in GoTrue's shape. */
export const health = {
  version,
  name: 'Portcullis',
  description: 'Portcullis is a GraphQL auth gateway for Hasura',
};
