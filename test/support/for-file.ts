import { afterAll, beforeAll } from 'vitest';

/** Opens something before the tests of a file, and closes it after them. Hooks and tests may use it, the file's top level may not. */
export function forFile<Opened extends { close(): Promise<unknown> }>(open: () => Promise<Opened>): Opened {
  let opened: Opened | undefined;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened?.close());
  return new Proxy({} as Opened, {
    get(_target, key) {
      if (opened === undefined) throw new Error(`It is not open yet: ${String(key)}`);
      return Reflect.get(opened, key);
    },
  });
}
