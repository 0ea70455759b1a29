import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ContractFactory,
  Interface,
  type InterfaceAbi,
  id,
  JsonRpcProvider,
  Network,
  namehash,
  ZeroHash,
} from 'ethers';

const require = createRequire(import.meta.url);

type Artifact = { abi: InterfaceAbi; bytecode: string };

/** A compiled contract of contracts/EnsTest.sol (solc 0.8.26, optimised, evm version paris). */
const ownArtifact = (name: string): Artifact =>
  JSON.parse(readFileSync(new URL(`./contracts/${name}.json`, import.meta.url), 'utf8'));

const registryArtifact: Artifact = require('@ensdomains/ens/build/contracts/ENSRegistry.json');
const resolverArtifact: Artifact = require('@ensdomains/resolver/build/contracts/PublicResolver.json');

export const offchainResolver = ownArtifact('OffchainResolver');
export const miniUniversalResolver = ownArtifact('MiniUniversalResolver');

export type Chain = {
  url: string;
  chainId: number;
  /** Address of the ENS registry. */
  registry: string;
  deploy: (artifact: Artifact, args: unknown[]) => Promise<string>;
  /** Registers a name along with its parents, without a resolver. */
  register: (name: string) => Promise<void>;
  /** Registers a name with another resolver. Address zero removes the resolver. */
  setResolver: (name: string, resolver: string) => Promise<void>;
  /** Registers a name with the public resolver and, unless null, an address. */
  setAddress: (name: string, address: string | null) => Promise<void>;
  stop: () => Promise<void>;
};

/** Runs a program, and kills it once this process ends and so closes the program's standard input. */
const DIE_WITH_PARENT = 'exec 3<&0; (cat <&3; kill -9 $$) >/dev/null 2>&1 & exec "$0" "$@" 3<&-';

async function startNode(chainId: number): Promise<{ url: string; stop: () => Promise<void> }> {
  const binary = require.resolve('@foundry-rs/anvil-linux-amd64/bin/anvil');
  const args = ['--host', '127.0.0.1', '--port', '0', '--chain-id', String(chainId)];
  const child = spawn('sh', ['-c', DIE_WITH_PARENT, binary, ...args]);
  let output = '';
  const address = await new Promise<string>((resolve, reject) => {
    const read = (data: Buffer) => {
      output += data.toString();
      const found = /Listening on (\S+)/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`anvil ended: ${output}`)));
  });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  };
  return { url: `http://${address}`, stop };
}

type Send = (to: string | null, data: string) => Promise<{ contractAddress: string }>;

/** Sends a transaction from the chain's first account, which mines it at once. */
function createSender(provider: JsonRpcProvider, from: string): Send {
  return async (to, data) => {
    const hash = await provider.send('eth_sendTransaction', [{ from, data, ...(to !== null && { to }) }]);
    let receipt = null;
    // The node mines at once, but after it has answered.
    for (let i = 0; receipt === null && i < 500; i++) {
      receipt = await provider.send('eth_getTransactionReceipt', [hash]);
      if (receipt === null) await sleep(10);
    }
    if (receipt?.status !== '0x1') throw new Error(`A transaction failed: ${JSON.stringify(receipt)}`);
    return receipt;
  };
}

function nameRegistrar(send: Send, owner: string, registry: string, publicResolver: string) {
  const registryCall = new Interface(registryArtifact.abi);
  const resolverCall = new Interface(resolverArtifact.abi);
  const registered = new Set<string>();
  const register = async (name: string) => {
    if (registered.has(name)) return;
    registered.add(name);
    const labels = name.split('.');
    for (let i = labels.length - 1; i >= 0; i--) {
      const parent = i === labels.length - 1 ? ZeroHash : namehash(labels.slice(i + 1).join('.'));
      const args = [parent, id(labels[i]!), owner];
      await send(registry, registryCall.encodeFunctionData('setSubnodeOwner', args));
    }
  };
  const setResolver = async (name: string, resolver: string) => {
    await register(name);
    await send(registry, registryCall.encodeFunctionData('setResolver', [namehash(name), resolver]));
  };
  const setAddress = async (name: string, address: string | null) => {
    await setResolver(name, publicResolver);
    if (address === null) return;
    const data = resolverCall.encodeFunctionData('setAddr(bytes32,address)', [namehash(name), address]);
    await send(publicResolver, data);
  };
  return { register, setResolver, setAddress };
}

/** Starts a chain with an ENS registry and a public resolver (about 1 s). The caller registers the names. */
export async function startChain(chainId = 31337): Promise<Chain> {
  const node = await startNode(chainId);
  const network = new Network('anvil', chainId);
  const provider = new JsonRpcProvider(node.url, network, { staticNetwork: network, cacheTimeout: -1 });
  const [from] = (await provider.send('eth_accounts', [])) as [string];
  const send = createSender(provider, from);
  const deploy = async ({ abi, bytecode }: Artifact, args: unknown[]) => {
    const { data } = await new ContractFactory(abi, bytecode).getDeployTransaction(...args);
    return (await send(null, data)).contractAddress;
  };
  const registry = await deploy(registryArtifact, []);
  const publicResolver = await deploy(resolverArtifact, [registry]);
  const names = nameRegistrar(send, from, registry, publicResolver);
  const stop = async () => {
    provider.destroy();
    await node.stop();
  };
  return { url: node.url, chainId, registry, deploy, ...names, stop };
}
