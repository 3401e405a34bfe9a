import type { TimerHandle } from "../../../src/base/clock.ts";
import type { MemoryHost } from "../../kit/memory/memory_host.ts";
import type { MemorySocket } from "../../kit/memory/memory_socket.ts";
import { Random } from "../random.ts";
import type { AttackerPlan } from "../scenario.ts";
import { type Attack, attacks } from "./attacks.ts";
import type { SimCluster } from "../world/cluster.ts";
import type { Stage } from "./publisher.ts";

/** Connections that it has at a time: the oldest one gives way. */
const MAX_OPEN = 60;

/** What an attacker has to do with. */
export type AttackStage = Pick<Stage, "truth" | "log"> & { readonly cluster: SimCluster };

/** Somebody at one address who means harm, for a while. Nothing of it may show anywhere else. */
export class SimAttacker {
  readonly plan: AttackerPlan;
  readonly #stage: AttackStage;
  readonly #machine: MemoryHost;
  readonly #random: Random;
  readonly #open = new Set<Disposable>();
  #timer: TimerHandle | null = null;
  #isOver = false;

  constructor(plan: AttackerPlan, stage: AttackStage, seed: number) {
    this.plan = plan;
    this.#stage = stage;
    this.#random = Random.of(seed, `${plan.name}'s acts`);
    this.#machine = stage.cluster.machine(plan.name);
  }

  start(): void {
    const { name, kind, server, perS } = this.plan;
    this.#stage.log.add(name, `begins: ${kind} at ${server}, ${perS} times a second`);
    this.#act();
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#stage.log.add(this.plan.name, "gives up");
    for (const one of this.#open) one[Symbol.dispose]();
  }

  #act(): void {
    const { kind, server, perS } = this.plan;
    this.#timer = this.#machine.after(1000 / perS, () => this.#act());
    const [oldest] = this.#open;
    if (this.#open.size >= MAX_OPEN) this.#end(oldest!);
    const attack: Attack = {
      server: this.#stage.cluster.servers.get(server)!,
      machine: this.#machine,
      random: this.#random,
      streams: [...new Set(this.#stage.truth.sessions.map(({ plan: { stream } }) => stream))],
      connect: (port) => this.#connect(port),
      keep: (one) => this.#keep(one),
    };
    attacks[kind](attack);
  }

  /** A connection on which nobody listens; null where there is none. */
  async #connect(port: number): Promise<MemorySocket | null> {
    const { ip } = this.#stage.cluster.servers.get(this.plan.server)!;
    const giveUp = new AbortController();
    const one = { [Symbol.dispose]: () => giveUp.abort() };
    this.#keep(one);
    try {
      const socket = await this.#machine.connect({ host: ip, port }, giveUp.signal);
      this.#open.delete(one);
      this.#keep({ [Symbol.dispose]: () => socket.close() });
      this.#drop(socket);
      return this.#isOver ? null : socket;
    } catch {
      this.#open.delete(one);
      return null;
    }
  }

  #keep(one: Disposable): void {
    if (this.#isOver) one[Symbol.dispose]();
    else this.#open.add(one);
  }

  #end(one: Disposable): void {
    this.#open.delete(one);
    one[Symbol.dispose]();
  }

  /** Reads, and does not care. */
  async #drop(socket: MemorySocket): Promise<void> {
    const buffer = new Uint8Array(4096);
    try {
      while (await socket.read(buffer) !== null);
    } catch {
      // The server has broken the connection, or the attack is over.
    }
  }
}
