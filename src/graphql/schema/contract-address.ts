import { type ContractAddress, listContractAddresses } from '../../ens/contract-addresses.ts';
import { builder } from '../builder.ts';

const ContractAddressType = builder.objectRef<ContractAddress>('ContractAddress');

ContractAddressType.implement({
  description: 'A contract address as ENS last gave it.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The ENS name.' }),
    value: t.exposeString('value', { description: 'The address, with its checksum (EIP-55).' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last looked up.' }),
  }),
});

builder.queryField('contractAddresses', (t) =>
  t.field({
    type: [ContractAddressType],
    description: 'The cached contract addresses, production first. Empty until the first lookup.',
    resolve: (_root, _args, { deps }) => listContractAddresses(deps),
  }),
);
