/** What one connection has lately taken of its thread's time; see {@link LoopTurns}. */
export class TurnShare {
  /** Halves every {@link HALF_LIFE_MS}; as of `countedMs`. */
  usedMs = 0;
  countedMs = 0;
  /** When its work of this moment began. */
  startedMs = 0;
  /**
   * It publishes or plays, or was dialled from here. Such a connection goes before those of which nobody knows yet what
   * they want: in a flood of these, each has taken less than those that are served.
   */
  isServed = false;
}

/** What is needed of the event loop. */
export interface EventLoop {
  /** Milliseconds; never goes backwards. */
  nowMs(): number;
  /** Calls `fn` once timers and sockets have had their turn. */
  next(fn: () => void): void;
}

interface Waiter {
  readonly share: TurnShare;
  resume(): void;
}

/** Work on input in one turn of the event loop. Then timers and sockets come first. */
const TURN_MS = 5;
/** A read and the promise for it, where the work with what came takes no time at all. */
const READ_MS = 0.01;
/** After a gap this long between callers, the event loop has had its turn. */
const PAUSE_MS = 2;
const HALF_LIFE_MS = 1000;
/** Of so many connections that go on, one is a newcomer, where others wait too. */
const NEWCOMER_EVERY = 4;
/** Of so many that are served, one is the one that has waited longest. */
const OLDEST_EVERY = 8;

/**
 * Shares one thread's event loop out among its connections.
 *
 * A read of a socket that has data is done at once: its promise settles among the microtasks, and the event loop does
 * not get its turn. A peer that sends fast enough, or many that send little, would keep timers and all other sockets
 * waiting for seconds. So all connections of a thread together work on input for {@link TURN_MS}; whoever comes then
 * waits for the next turn. There the connection that has taken least goes first: one that sends what is usual is not
 * held up by those that flood.
 */
export class LoopTurns {
  readonly #loop: EventLoop;
  readonly #served: Waiter[] = [];
  /** In the order they came: one that floods goes to the end each time. */
  readonly #newcomers: Waiter[] = [];
  readonly #onTurn = () => this.#startTurn();
  readonly #onCheck = () => {
    this.#isCheckDue = false;
    this.#goOn();
  };
  #spentMs = 0;
  #isOver = false;
  #overMs = 0;
  #isNextDue = false;
  #isCheckDue = false;
  #resumed = 0;

  constructor(loop: EventLoop) {
    this.#loop = loop;
  }

  /**
   * Asks to work on input; {@link leave} tells of the end of that.
   *
   * @returns Null: now. Otherwise settles when it is this connection's turn.
   */
  enter(share: TurnShare): Promise<void> | null {
    const nowMs = this.#loop.nowMs();
    if (this.#isOver && !this.#isNextDue && nowMs - this.#overMs > PAUSE_MS) this.#startTurn();
    if (this.#isOver || this.#isAwaited) return this.#wait(share);
    share.startedMs = nowMs;
    return null;
  }

  /** How long the work of this moment has taken so far, in milliseconds. */
  workedMs(share: TurnShare): number {
    return this.#loop.nowMs() - share.startedMs;
  }

  /**
   * The work is done, or waits for something else.
   *
   * @returns How long it took, in milliseconds.
   */
  leave(share: TurnShare): number {
    const nowMs = this.#loop.nowMs();
    const tookMs = nowMs - share.startedMs;
    // Longer than a turn, it has probably waited.
    const workMs = READ_MS + Math.min(tookMs, TURN_MS);
    share.usedMs = usedMs(share, nowMs) + workMs;
    share.countedMs = nowMs;
    this.#spentMs += workMs;
    if (this.#spentMs < TURN_MS) this.#resumeNext();
    else {
      this.#isOver = true;
      this.#overMs = nowMs;
      if (this.#isAwaited) this.#callNext();
    }
    return tookMs;
  }

  async #wait(share: TurnShare): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    (share.isServed ? this.#served : this.#newcomers).push({ share, resume: resolve });
    if (this.#isOver) this.#callNext();
    await promise;
    share.startedMs = this.#loop.nowMs();
  }

  /** Not before the turn is over: a timer that is due at its end would be run at once, and the sockets still wait. */
  #callNext(): void {
    if (this.#isNextDue) return;
    this.#isNextDue = true;
    this.#loop.next(this.#onTurn);
  }

  #startTurn(): void {
    this.#isNextDue = this.#isOver = false;
    this.#spentMs = 0;
    this.#goOn();
  }

  /** Lets one go on, and later the next, should that one come to wait for something else before it leaves. */
  #goOn(): void {
    if (this.#isOver) return;
    this.#resumeNext();
    if (!this.#isAwaited || this.#isCheckDue) return;
    this.#isCheckDue = true;
    this.#loop.next(this.#onCheck);
  }

  /** Each lets the next one go on when it leaves. */
  #resumeNext(): void {
    const isNewcomersTurn = ++this.#resumed % NEWCOMER_EVERY === 0;
    if (this.#served.length === 0 || (isNewcomersTurn && this.#newcomers.length > 0)) {
      this.#newcomers.shift()?.resume();
      return;
    }
    const index = this.#resumed % OLDEST_EVERY === OLDEST_EVERY - 1 ? 0 : this.#leastUsed();
    this.#served.splice(index, 1)[0]?.resume();
  }

  get #isAwaited(): boolean {
    return this.#served.length > 0 || this.#newcomers.length > 0;
  }

  #leastUsed(): number {
    const nowMs = this.#loop.nowMs();
    let least = 0;
    let leastMs = Infinity;
    for (const [index, { share }] of this.#served.entries()) {
      const ms = usedMs(share, nowMs);
      if (ms >= leastMs) continue;
      least = index;
      leastMs = ms;
    }
    return least;
  }
}

function usedMs(share: TurnShare, nowMs: number): number {
  return share.usedMs * 2 ** ((share.countedMs - nowMs) / HALF_LIFE_MS);
}
