const MIB = 1024 * 1024;

/**
 * Bytes that the request bodies of one kind of caller may take together, from their first byte to the end of their requests.
 * Hasura sends the requests of all its users, and each body without delay, so it gets more.
 */
const BUDGETS = { strangers: 32 * MIB, hasura: 128 * MIB };

/** The number of bodies of maximum size that fit into every budget. */
const LARGEST_AT_ONCE = 16;

/** The part of a budget that one client address may hold. */
const SHARE = 1 / 4;

/**
 * Bytes of each body that do not count. A login, and nearly every other operation, needs no more, so a full budget does not
 * affect it. The number of connections bounds these bytes, and each connection buffers more anyway.
 */
const FREE_BYTES = 16 * 1024;

export type BodyOwner = Readonly<{
  fromHasura: boolean;
  /** The subject that limits count (an address or its network), or null if the address is not known. */
  subject: string | null;
}>;

/** The body of a request that is not answered yet. */
type HeldBody = {
  /** Counts bytes that arrived. This may drop bodies, even this one. */
  grow(bytes: number): void;
  /** Marks the body as complete. A complete body is not dropped. */
  complete(): void;
  /** Stops counting the body. Further calls do nothing. */
  release(): void;
};

export type BodyBudget = {
  /**
   * Starts counting a body.
   * @param findOwner called once, if the body becomes so large that it counts
   * @param drop called at most once, if the body has to make room for others
   */
  hold(findOwner: () => BodyOwner, drop: () => void): HeldBody;
  /** Bytes of all bodies, with those that do not count. */
  readonly heldBytes: number;
};

/** Bodies that share a limit. */
type Group = { name: string; limit: number; bytes: number; bodies: Set<Body> };

type Body = {
  since: number;
  bytes: number;
  isHeld: boolean;
  isComplete: boolean;
  /** The share of the client's address and the whole budget, once the body counts. */
  groups: readonly Group[];
  findOwner: () => BodyOwner;
  drop: () => void;
};

/** All counted bytes. Small bodies are in no set, which would cost more than the bodies themselves. */
type Ledger = { maxBodyBytes: number; heldBytes: number; groups: Map<string, Group> };

const countedBytes = ({ bytes }: Body): number => Math.max(0, bytes - FREE_BYTES);

function join(ledger: Ledger, body: Body, name: string, limit: number): Group {
  const group = ledger.groups.get(name) ?? { name, limit, bytes: 0, bodies: new Set() };
  ledger.groups.set(name, group);
  group.bodies.add(body);
  return group;
}

function joinGroups(ledger: Ledger, body: Body): Group[] {
  const { fromHasura, subject } = body.findOwner();
  const name = fromHasura ? 'hasura' : 'strangers';
  const limit = Math.max(BUDGETS[name], LARGEST_AT_ONCE * ledger.maxBodyBytes);
  const budget = join(ledger, body, name, limit);
  // Behind Hasura the address is usually unknown, so that a share per address is impossible.
  if (fromHasura && subject === null) return [budget];
  return [join(ledger, body, `${name} ${subject ?? 'unknown'}`, limit * SHARE), budget];
}

/** Removes a body from all counts. */
function leave(ledger: Ledger, body: Body): void {
  if (!body.isHeld) return;
  body.isHeld = false;
  ledger.heldBytes -= body.bytes;
  for (const group of body.groups) {
    group.bodies.delete(body);
    group.bytes -= countedBytes(body);
    if (group.bodies.size === 0) ledger.groups.delete(group.name);
  }
}

/** Finds the incomplete body with the highest cost: its bytes times its age. Large and slow bodies cost most. */
function findCostliest({ bodies }: Group): Body | undefined {
  const now = performance.now();
  const costOf = (body: Body) => countedBytes(body) * (now - body.since);
  let costliest: Body | undefined;
  for (const body of bodies)
    if (!body.isComplete && (costliest === undefined || costOf(body) > costOf(costliest))) costliest = body;
  return costliest;
}

function makeRoom(ledger: Ledger, group: Group): void {
  while (group.bytes > group.limit) {
    const body = findCostliest(group);
    if (body === undefined) return;
    leave(ledger, body);
    body.drop();
  }
}

function grow(ledger: Ledger, body: Body, bytes: number): void {
  if (!body.isHeld) return;
  const before = countedBytes(body);
  ledger.heldBytes += bytes;
  body.bytes += bytes;
  const counted = countedBytes(body) - before;
  if (counted === 0) return;
  if (body.groups.length === 0) body.groups = joinGroups(ledger, body);
  for (const group of body.groups) group.bytes += counted;
  for (const group of body.groups) makeRoom(ledger, group);
}

/**
 * Bounds the memory that request bodies take. If a budget, or an address's share of it, is full, the costliest incomplete
 * body is dropped. That may be another body than the one that grew.
 *
 * @param maxBodyBytes the maximum size of one body
 */
export function createBodyBudget({ maxBodyBytes }: { maxBodyBytes: number }): BodyBudget {
  const ledger: Ledger = { maxBodyBytes, heldBytes: 0, groups: new Map() };
  return {
    hold(findOwner, drop) {
      const since = performance.now();
      const body: Body = { since, bytes: 0, isHeld: true, isComplete: false, groups: [], findOwner, drop };
      return {
        grow: (bytes) => grow(ledger, body, bytes),
        complete() {
          body.isComplete = true;
        },
        release: () => leave(ledger, body),
      };
    },
    get heldBytes() {
      return ledger.heldBytes;
    },
  };
}
