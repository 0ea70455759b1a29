import { html } from 'hono/html';
import { purposes, type TokenPurpose } from '../db/token-purposes.ts';
import { newPasswordErrors } from '../dialects/errors.ts';
import type { RouteContext } from '../dialects/routes.ts';
import { AuthError, type ErrorCode } from '../errors.ts';
import type { Caller } from '../flows/shared/caller.ts';
import { identifyCaller } from '../request/caller.ts';
import type { GatewayDeps } from '../request/deps.ts';
import { type Html, showPage } from './layout.ts';
import { type PageTexts, pageTexts } from './texts.ts';

/** The context that all pages of a gateway share. */
export type Site = {
  deps: GatewayDeps;
  texts: PageTexts;
  show(
    c: RouteContext,
    page: { status?: 200 | 400 | 410; title: string; body: Html; formTargets?: readonly string[] },
  ): Promise<Response>;
};

/** Creates the context of the pages, with the texts in the language of the mails. */
export function siteOf(deps: GatewayDeps): Site {
  const texts = pageTexts(deps.config.mail.locale);
  const site = new URL(deps.config.publicUrl).host;
  return {
    deps,
    texts,
    show: (c, page) => showPage(c, { ...page, language: texts.language, site }),
  };
}

/** The button that leads to the application; empty if APP_URL is not set. */
export const continueButton = ({ deps: { config }, texts }: Site): Html | '' =>
  config.appUrl === null
    ? ''
    : html`<p><a class="button" href="${config.appUrl}" rel="noreferrer">${texts.continueButton}</a></p>`;

/** Shows that an action is done, with the button that leads to the application. */
export const showDone = (
  site: Site,
  c: RouteContext,
  { doneTitle, done }: { doneTitle: string; done: string },
) => site.show(c, { title: doneTitle, body: html`<p role="status">${done}</p>${continueButton(site)}` });

/** Shows the page of a link that is not valid. It is the same for a used, a replaced, an expired and an invented token. */
export const showInvalidLink = (site: Site, c: RouteContext) =>
  site.show(c, {
    status: 410,
    title: site.texts.invalidLink.title,
    body: html`<p>${site.texts.invalidLink.explain}</p>`,
  });

/** The path of the page that the link with a token of this purpose opens. */
export const pathOf = (purpose: TokenPurpose): string => `/mail/${purposes[purpose].page}/:token`;

export const tokenOf = (c: RouteContext): string => c.req.param('token') ?? '';
export const callerOf = ({ deps }: Site, c: RouteContext): Caller => identifyCaller(deps, c.env.incoming);

/** The caller who opens a page. Their headers are read only if the device matters, so that no header closes a page. */
export const openerOf = (site: Site, c: RouteContext): Caller => ({
  get device() {
    return callerOf(site, c).device;
  },
});

const EXPECTED = ['invalid_token', 'invalid_credentials', 'required', ...newPasswordErrors] as const;
type Expected = (typeof EXPECTED)[number];

/**
 * Returns null on success, or the code of an error that a page explains. Throws every other error on.
 * @param others further codes that the page explains
 */
export async function codeOf<Other extends ErrorCode = never>(
  done: Promise<unknown>,
  others: readonly Other[] = [],
): Promise<Expected | Other | null> {
  try {
    await done;
    return null;
  } catch (error) {
    const code =
      error instanceof AuthError
        ? [...EXPECTED, ...others].find((expected) => expected === error.code)
        : undefined;
    if (code === undefined) throw error;
    return code;
  }
}
