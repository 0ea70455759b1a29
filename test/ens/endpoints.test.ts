import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Chain, startChain } from '../support/anvil.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { refusedUrl } from './rpc-servers.ts';

const PRODUCTION = { key: 'semaphore.wld.eth', value: '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045' };
const STAGING = { key: 'staging.semaphore.wld.eth', value: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed' };

let chain: Chain;
let gateway: TestGateway;
beforeAll(async () => {
  chain = await startChain();
  gateway = await startGateway({ env: environment(chain.url) });
});
afterAll(async () => {
  await gateway?.close();
  await chain?.stop();
});
beforeEach(async () => {
  await chain.setAddress(PRODUCTION.key, PRODUCTION.value);
  await chain.setAddress(STAGING.key, STAGING.value);
});

const environment = (rpcUrls: string) => ({
  ENS_RPC_URLS: rpcUrls,
  ENS_CHAIN_ID: String(chain.chainId),
  ENS_REGISTRY: chain.registry,
});
const lookUp = (via = gateway) => via.post('/api/_ens', {}, { authorization: `Bearer ${via.secret}` });
const action = (via = gateway) =>
  via.post(
    '/hasura/actions/refreshEns',
    { action: { name: 'refreshEns' }, input: {}, session_variables: { 'x-hasura-role': 'admin' } },
    { 'x-hasura-gateway-secret': via.secret },
  );
const contracts = async () => (await fetch(`${gateway.url}/api/v1/contracts`)).json();

describe('the ENS lookup on a chain', () => {
  test('stores the addresses, which every client can read by HTTP and GraphQL', async () => {
    expect(await lookUp()).toMatchObject({ status: 200, body: { success: true } });
    expect(await contracts()).toEqual([PRODUCTION, STAGING]);
    expect(await gateway.graphql('{ contractAddresses { key value } }')).toEqual({
      contractAddresses: [PRODUCTION, STAGING],
    });
  });

  test('is a Hasura action that answers the fields of its output type', async () => {
    expect(await action()).toMatchObject({
      status: 200,
      body: { success: true, addresses: [PRODUCTION, STAGING] },
    });
  });

  test('names the missing address and keeps the old addresses: ens_name_not_found', async () => {
    await lookUp();
    await chain.setAddress(STAGING.key, `0x${'0'.repeat(40)}`);
    const message = `Production address (${PRODUCTION.value}) or staging address (0x) not found.`;
    expect(await lookUp()).toMatchObject({ status: 500, body: { success: false, error: message } });
    expect(await action()).toMatchObject({
      status: 404,
      body: {
        message,
        code: 'ens_name_not_found',
        extensions: { code: 'ens_name_not_found', attribute: null },
      },
    });
    expect(await contracts()).toEqual([PRODUCTION, STAGING]);
  });

  test('answers ens_unreachable for a dead endpoint, and uses the next endpoint if configured', async () => {
    const dead = await refusedUrl();
    const alone = await startGateway({ env: environment(dead) });
    expect(await lookUp(alone)).toMatchObject({
      status: 500,
      body: { success: false, error: expect.stringContaining('refused') },
    });
    expect(await action(alone)).toMatchObject({ status: 400, body: { code: 'ens_unreachable' } });
    await alone.close();
    const failover = await startGateway({ env: environment(`${dead}, ${chain.url}`) });
    expect(await lookUp(failover)).toMatchObject({ status: 200, body: { success: true } });
    await failover.close();
  });

  test('is run by Hasura’s cron trigger', async () => {
    await gateway.sql`delete from portcullis.cache`;
    const answer = await gateway.post(
      '/hasura/cron/refresh-ens',
      {},
      { 'x-hasura-gateway-secret': gateway.secret },
    );
    expect(answer).toMatchObject({ status: 200 });
    expect(await contracts()).toEqual([PRODUCTION, STAGING]);
  });
});
