/** Why the answer of CLAIMS_SQL cannot become claims. The message holds no data of users. */
export class RefusedClaims extends Error {
  override readonly name = 'RefusedClaims';
}
