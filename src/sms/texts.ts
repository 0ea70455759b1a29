/** The built-in texts, by language. They use the letters of GSM-7: any other letter halves what fits into one message. */
const texts: Readonly<Record<string, string>> = {
  en: '{{code}} is your code for {{site}}. It is valid for {{minutes}} minutes. Do not share it.',
  de: '{{code}} ist dein Code für {{site}}. Er gilt {{minutes}} Minuten. Gib ihn nicht weiter.',
};

type SmsValues = Readonly<{ code: string; site: string; minutes: string }>;

/**
 * Makes the text of a message with a code.
 * @param locale `de-AT` is tried before `de`, and then `en`
 * @param own the operator's text, with placeholders; null for the built-in one
 */
export function smsText({ locale, own }: { locale: string; own: string | null }, values: SmsValues): string {
  const source = own ?? texts[locale] ?? texts[locale.split('-', 1)[0] ?? ''] ?? texts.en ?? '';
  return source.replace(/\{\{(code|site|minutes)\}\}/g, (_, name: keyof SmsValues) => values[name]);
}
