import { filledExample, resolveCompose, type Service } from '../../deployment/compose.ts';

/** The service `hasura` of the compose file, with the image HASURA_IMAGE if that is set. */
export async function composedEngine(): Promise<Service> {
  const image = process.env.HASURA_IMAGE;
  const variables = { ...(await filledExample()), ...(image && { HASURA_IMAGE: image }) };
  const { hasura } = resolveCompose(variables).services;
  if (hasura === undefined) throw new Error('The compose file has no service hasura.');
  return hasura;
}

export const engineImage = async (): Promise<string> => (await composedEngine()).image;
