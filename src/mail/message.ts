/** A mail as it leaves. */
export type Mail = {
  /** The same at every attempt, so that a repeat can be recognised. */
  messageId: string;
  to: string;
  subject: string;
  text: string;
  html: string;
};
