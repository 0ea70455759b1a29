import { describe, expect, test } from 'vitest';
import { MAX_TARGET_LENGTH, resolveRedirect } from '../../src/redirects/redirects.ts';

const SITE = 'https://app.example.com';
const ALLOWED = [
  'https://app.example.com/**',
  'https://*.example.org/welcome',
  'https://preview.example.net/**',
  'https://dots.example.net/*',
  'https://one.example.net/?',
  'https://choice.example.net/{in,out}',
  'https://list.example.net/[a-c]',
  'myapp://login',
  'myapp://deep/**',
  'http://localhost:3000/**',
  'http://192.0.2.7/**',
  'com.example.app:/**',
];

const resolve = (...candidates: (string | null)[]) =>
  resolveRedirect({ redirects: { siteUrl: SITE, allowed: ALLOWED } }, candidates);

const permitted: readonly [string, string][] = [
  ['the site itself', 'https://app.example.com'],
  ['the site with a slash', 'https://app.example.com/'],
  ['a path of the site', 'https://app.example.com/in?a=1&b=2'],
  ['the host in capitals', 'https://APP.example.com/in'],
  ['the default port of the scheme', 'https://app.example.com:443/in'],
  ['a fragment', 'https://app.example.com/in#part'],
  ['one label for *', 'https://team.example.org/welcome'],
  ['an empty path after **', 'https://preview.example.net/'],
  ['separators in **', 'https://preview.example.net/a/b.c/d?e=f.g/h'],
  ['a segment for *', 'https://dots.example.net/abc'],
  ['a character for ?', 'https://one.example.net/a'],
  ['the first alternative', 'https://choice.example.net/in'],
  ['the second alternative', 'https://choice.example.net/out'],
  ['a character of a list', 'https://list.example.net/b'],
  ['a deep link', 'myapp://login'],
  ['a deep link with a fragment', 'myapp://login#x'],
  ['a deep link below **', 'myapp://deep/a/b?c=d'],
  ['a scheme without an authority that is listed', 'com.example.app:/oauth'],
  ['localhost, by the list', 'http://localhost:3000/in'],
  ['a loopback address, any port', 'http://127.0.0.1:49152/callback'],
  ['another loopback address', 'http://127.9.9.9/callback'],
  ['the loopback address of IPv6', 'http://[::1]:8080/callback'],
  ['an escaped character in the path', 'https://app.example.com/a%20b'],
];

const refused: readonly [string, string][] = [
  ['no scheme', '/in'],
  ['a host alone', '//app.example.com/in'],
  ['a downgraded scheme', 'http://app.example.com/in'],
  ['another port', 'https://app.example.com:8443/in'],
  ['another host', 'https://evil.example.net/in'],
  ['a host that begins as the site does', 'https://app.example.com.evil.net/'],
  ['a host that ends as the site does', 'https://evil-app.example.com/'],
  ['a user name that looks like the site', 'https://app.example.com@evil.net/in'],
  ['a user name before the site', 'https://user@app.example.com/in'],
  ['a password before the site', 'https://user:secret@app.example.com/in'],
  ['an at sign without a name', 'https://@app.example.com/in'],
  ['a backslash', 'https://evil.net\\@app.example.com/in'],
  ['a backslash in the path', 'https://app.example.com\\evil'],
  ['three slashes', 'https:///app.example.com/in'],
  ['one slash', 'https:/app.example.com/in'],
  ['a line break', 'https://app.example.com/\r\nset-cookie:a=b'],
  ['a tab in the host', 'https://app.exa\tmple.com/in'],
  ['a leading space', ' https://app.example.com/in'],
  ['letters of another alphabet', 'https://app.exаmple.com/in'],
  ['an escaped host', 'https://app%2eexample.com/in'],
  ['a full-width dot', 'https://app。example.com/in'],
  ['two labels for *', 'https://a.b.example.org/welcome'],
  ['a path after a pattern that ends', 'https://team.example.org/welcome/more'],
  ['a query after a pattern that ends', 'https://team.example.org/welcome?a=b'],
  ['an upgraded scheme', 'https://localhost:3000/in'],
  ['a slash for *', 'https://dots.example.net/a/b'],
  ['a dot for *', 'https://dots.example.net/a.b'],
  ['two characters for ?', 'https://one.example.net/ab'],
  ['no alternative', 'https://choice.example.net/about'],
  ['no character of a list', 'https://list.example.net/d'],
  ['an address as a number', 'http://2130706433/callback'],
  ['an address in hexadecimal', 'http://0x7f.0.0.1/callback'],
  ['an address in octal', 'http://0177.0.0.1/callback'],
  ['a short address', 'http://127.1/callback'],
  ['an address that is listed', 'http://192.0.2.7/in'],
  ['a private address', 'http://10.0.0.1/in'],
  ['any address', 'http://0.0.0.0/in'],
  ['an address of IPv6', 'http://[2001:db8::1]/in'],
  ['a loopback address in another form', 'http://[::ffff:7f00:1]/in'],
  ['localhost that is not listed', 'http://localhost:4000/in'],
  ['a name below localhost', 'http://127.0.0.1.evil.net/in'],
  ['javascript', 'javascript://app.example.com/%0aalert(1)'],
  ['javascript in capitals', 'JavaScript:alert(1)'],
  ['data', 'data:text/html,x'],
  ['a file', 'file:///etc/passwd'],
  ['another deep link', 'myapp://logout'],
  ['a longer deep link', 'myapp://login/more'],
  ['another scheme', 'other://login'],
  ['too long a target', `https://app.example.com/${'a'.repeat(MAX_TARGET_LENGTH)}`],
  ['nothing', ''],
];

describe('redirect targets', () => {
  test.each(permitted)('%s is permitted', (_, target) => {
    expect(resolve(target)).toBe(target);
  });

  test.each(refused)('%s is refused', (_, target) => {
    expect(resolve(target)).toBe(SITE);
  });

  test('the way out of a path is judged by where it leads', () => {
    const target = 'https://preview.example.net/a/%2e%2e/b';
    expect(resolve(target)).toBe(target);
    const pattern = { siteUrl: SITE, allowed: ['https://preview.example.net/a/**'] };
    expect(resolveRedirect({ redirects: pattern }, [target])).toBe(SITE);
  });

  test('the first candidate that is permitted wins', () => {
    const [first, second] = ['https://app.example.com/1', 'https://app.example.com/2'];
    expect(resolve(first, second)).toBe(first);
    expect(resolve(null, second)).toBe(second);
    expect(resolve('https://evil.example.net', second)).toBe(second);
    expect(resolve(null, null)).toBe(SITE);
  });

  test('dangerous schemes are refused even if a pattern has them', () => {
    const redirects = { siteUrl: SITE, allowed: ['**', 'javascript:**', 'data:**'] };
    for (const target of ['javascript:alert(1)', 'javascript://a/%0aalert(1)', 'data:text/html,x'])
      expect(resolveRedirect({ redirects }, [target])).toBe(SITE);
  });

  test('a user name is refused in deep links too', () => {
    const redirects = { siteUrl: SITE, allowed: ['myapp://**'] };
    expect(resolveRedirect({ redirects }, ['myapp://in@evil.example.net/'])).toBe(SITE);
    expect(resolveRedirect({ redirects }, ['myapp://evil.example.net/'])).toBe('myapp://evil.example.net/');
  });

  test('a site on this machine is permitted on every port', () => {
    const redirects = { siteUrl: 'http://localhost:3000', allowed: [] };
    expect(resolveRedirect({ redirects }, ['http://localhost:5173/in'])).toBe('http://localhost:5173/in');
    expect(resolveRedirect({ redirects }, ['https://localhost:5173/in'])).toBe('http://localhost:3000');
  });

  // With each star the work of trying all ways would multiply: this test would not end.
  test('patterns with many stars are tried in one way', () => {
    const redirects = { siteUrl: SITE, allowed: [`https://a.example.net/${'**a'.repeat(50)}`] };
    const target = `https://a.example.net/${'a'.repeat(1900)}b`;
    expect(resolveRedirect({ redirects }, [target])).toBe(SITE);
  });

  test('braces in braces do not multiply without end', () => {
    const redirects = { siteUrl: SITE, allowed: ['{a,b}'.repeat(30)] };
    expect(resolveRedirect({ redirects }, ['https://a.example.net'])).toBe(SITE);
  });
});
