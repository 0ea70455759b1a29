import { type ContractAddress, listContractAddresses } from '../../ens/contract-addresses.ts';
import { builder } from '../builder.ts';

const ContractAddressType = builder.objectRef<ContractAddress>('ContractAddress');

ContractAddressType.implement({
  description: 'The address of a contract, as the gateway last found it in ENS.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The ENS name of the contract.' }),
    value: t.exposeString('value', {
      description: 'The address of the contract, with its checksum (EIP-55).',
    }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When the gateway last looked up the address.',
    }),
  }),
});

builder.queryField('contractAddresses', (t) =>
  t.field({
    type: [ContractAddressType],
    description:
      'The contract addresses that the gateway has cached: production first, then staging. Empty before the first lookup.',
    resolve: (_root, _args, { deps }) => listContractAddresses(deps),
  }),
);
