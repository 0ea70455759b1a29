import type { Engine } from './engine.ts';
import { parseJson, printJson } from './json.ts';

export type MetadataAnswer = { status: number; body: Record<string, unknown> };
type Request = { type: string; args: unknown; version?: number; resource_version?: number };

/** Sends a request to the metadata API of an engine; numbers keep their digits. */
export async function askMetadata(
  engine: Pick<Engine, 'url' | 'adminSecret'>,
  request: Request,
): Promise<MetadataAnswer> {
  const response = await fetch(new URL('/v1/metadata', engine.url), {
    method: 'POST',
    headers: { 'x-hasura-admin-secret': engine.adminSecret },
    body: printJson(request),
  });
  return { status: response.status, body: parseJson(await response.text()) as Record<string, unknown> };
}

/** The metadata and their version. */
export async function exportMetadata(
  engine: Pick<Engine, 'url' | 'adminSecret'>,
): Promise<{ version: number; metadata: Record<string, unknown> }> {
  const { body } = await askMetadata(engine, { type: 'export_metadata', version: 2, args: {} });
  const { resource_version: version, metadata } = body;
  return { version: Number(version), metadata: metadata as Record<string, unknown> };
}
