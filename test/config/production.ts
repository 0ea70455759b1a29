/** The variables that production needs. */
export const production = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://app:secret@db.example.com/app',
  PUBLIC_URL: 'https://auth.example.com',
  INTERNAL_ENDPOINTS_SECRET: 'a secret of thirty-two characters',
  KEY_ENCRYPTION_KEYS: Buffer.alloc(32, 1).toString('base64'),
  SMTP_URL: 'off',
};
