/** How long a token that sets a password can be redeemed, mailed or not. */
export const RESET_TOKEN_SECONDS = 3600;
