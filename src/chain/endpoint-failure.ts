/** Why one RPC endpoint is of no use just now. The message holds nothing of its URL, so that people may read it. */
export class EndpointFailure extends Error {
  override readonly name = 'EndpointFailure';
}
