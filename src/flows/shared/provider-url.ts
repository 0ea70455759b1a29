import type { Config } from '../../config/config.ts';

type Settings = Pick<Config, 'publicUrl'>;

/** Where providers send a browser back to. The operator registers it at each of them. */
export const callbackUrl = ({ publicUrl }: Settings): string => `${publicUrl}/callback`;

/**
 * The address of the gateway at which a browser begins a sign-in at a provider. Only a browser that comes here gets the cookie that binds
 * the sign-in to it.
 */
export function providerUrl({ publicUrl }: Settings, parameters: Record<string, string>): string {
  const url = new URL(`${publicUrl}/authorize`);
  for (const [name, value] of Object.entries(parameters)) if (value !== '') url.searchParams.set(name, value);
  return url.href;
}
