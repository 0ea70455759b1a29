const MIB = 1024 * 1024;

/**
 * Bytes that the request bodies of one kind of caller may hold together, while they arrive and until they are answered.
 * Hasura sends the requests of all its users, and it has each body before it sends it on, so it gets more.
 */
const BUDGETS = { strangers: 32 * MIB, hasura: 128 * MIB };

/** A budget holds at least that many bodies of the largest size. */
const LARGEST_AT_ONCE = 16;

/** The part of a budget that one client address may hold. */
const SHARE = 1 / 4;

/**
 * Bytes of each body that do not count: all that a login, and nearly every other operation, needs. So a small body finds
 * room beside all that others send. The number of connections bounds them, and each connection buffers more in any case.
 */
const FREE_BYTES = 16 * 1024;

export type BodyOwner = Readonly<{
  fromHasura: boolean;
  /** The subject that limits count (an address or its network), or null if the address is not known. */
  subject: string | null;
}>;

/** A body that arrives, and is then in memory until its request is over. */
type HeldBody = {
  /** Counts bytes that arrived. This may drop bodies, this one too. */
  grow(bytes: number): void;
  /** Says that the body is all there. It is not dropped from then on. */
  complete(): void;
  /** Says that the body is not needed any more. Further calls do nothing. */
  release(): void;
};

export type BodyBudget = {
  /**
   * Begins to hold a body.
   * @param findOwner called once, if the body becomes so large that it counts
   * @param drop called at most once, when the body has to make room for others
   */
  hold(findOwner: () => BodyOwner, drop: () => void): HeldBody;
  /** Bytes of all bodies that are held, whether they count or not. */
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

/** What is held. Small bodies are in no list: a set of so many that come and go would be more work than they are. */
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
  // Behind Hasura, usually, no address is known, and then there is nothing to share by.
  if (fromHasura && subject === null) return [budget];
  return [join(ledger, body, `${name} ${subject ?? 'unknown'}`, limit * SHARE), budget];
}

/** Counts a body no more. */
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

/** The body on its way that has cost most: bytes, times how long they are held. So large and slow ones come first. */
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
 * Bounds the memory that request bodies take. A body that finds its budget, or its address's share of it, full is not
 * refused for that: the costliest body on its way is dropped instead, be it this one.
 *
 * @param maxBodyBytes the largest body that is taken
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
