/** A session of another system with its live refresh token. */
export type ImportedSession = Readonly<{
  id: string;
  userId: string;
  /** SHA-256 of the token's text, in hexadecimal digits. */
  tokenHash: string;
  createdAt: Date;
  lastUsedAt: Date;
  /** When the other system would have ended it; null if it would not. */
  expiresAt: Date | null;
  userAgent: string | null;
  address: string | null;
}>;
