/** Why what CLAIMS_SQL yields cannot be claims. The message holds no data of users. */
export class RefusedClaims extends Error {
  override readonly name = 'RefusedClaims';
}
