/** Why an RPC endpoint cannot be used just now. The message holds nothing of its URL, so that it may be shown to people. */
export class EndpointFailure extends Error {
  override readonly name = 'EndpointFailure';
}
