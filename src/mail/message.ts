/** A mail that is ready to be sent. */
export type Mail = {
  /** The same at every attempt, so that a mail program recognises a repeat. */
  messageId: string;
  to: string;
  subject: string;
  text: string;
  html: string;
};
