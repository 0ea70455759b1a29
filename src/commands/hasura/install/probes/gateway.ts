import { askGatewayThroughEngine } from '../../engine.ts';
import { type EngineAccess, EngineError } from '../../engine-http.ts';
import { type Finding, finding, isOutsideAllowList } from './finding.ts';

/**
 * Asks the gateway through the engine, as a client without a token, after the installation.
 * @param issuer the `iss` of this gateway's tokens; null if the command does not know it
 */
export async function findingsOnGateway(
  engine: EngineAccess,
  input: { namespace: string; unauthorizedRole: string; issuer: string | null },
): Promise<Finding[]> {
  const { namespace, unauthorizedRole, issuer } = input;
  try {
    const found = await askGatewayThroughEngine(engine, namespace);
    return issuer === null || found === issuer
      ? [finding('fine', `The gateway answers through the engine. Its issuer is ${found}.`)]
      : [
          finding(
            'warn',
            `The gateway behind the engine has the issuer ${found}, and this one has ${issuer}. Check PORTCULLIS_GRAPHQL_URL of the engine.`,
          ),
        ];
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (isOutsideAllowList(error.message))
      return [
        finding('unseen', 'Whether the gateway answers through the engine: the allow list lacks the query.'),
      ];
    return [
      finding(
        'warn',
        `${error.message.replace(/\.*$/, '.')} A client without a token must have the role ${unauthorizedRole} (HASURA_GRAPHQL_UNAUTHORIZED_ROLE), and PORTCULLIS_GRAPHQL_URL must reach the gateway.`,
      ),
    ];
  }
}
