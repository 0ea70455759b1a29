/** A browser: it keeps cookies by origin, and follows redirects until one leads to the given address. */
export function createBrowser() {
  const jars = new Map<string, Map<string, string>>();
  const jarOf = (url: URL) => {
    const jar = jars.get(url.origin) ?? new Map<string, string>();
    jars.set(url.origin, jar);
    return jar;
  };
  async function visit(address: string | URL, init: RequestInit = {}): Promise<Response> {
    const url = new URL(address);
    const jar = jarOf(url);
    const headers = new Headers(init.headers);
    const cookies = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    if (cookies !== '') headers.set('cookie', cookies);
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';');
      const at = pair.indexOf('=');
      jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return response;
  }
  return {
    visit,
    cookiesOf: (address: string) => jarOf(new URL(address)),
    /** Follows redirects until one leads to `target`, and returns that address. */
    async follow(address: string | URL, target: string): Promise<URL> {
      let url = new URL(address);
      for (let steps = 0; steps < 12; steps += 1) {
        if (url.href.startsWith(target)) return url;
        const response = await visit(url);
        const location = response.headers.get('location');
        if (location === null)
          throw new Error(
            `${url.href} answered ${response.status}: ${(await response.text()).slice(0, 500)}`,
          );
        url = new URL(location, url);
      }
      throw new Error('Too many redirects.');
    },
  };
}

export type Browser = ReturnType<typeof createBrowser>;
