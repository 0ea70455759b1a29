/** How many seconds a token that sets a password can be redeemed, whether it was mailed or not. */
export const RESET_TOKEN_SECONDS = 3600;
