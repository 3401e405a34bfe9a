import { systemTimers } from "../../base/clock.ts";
import type { CliIo } from "../command.ts";
import { fetchOriginReport, type OriginReport } from "./api.ts";
import type { DemoChild } from "./child.ts";
import { DemoCluster, PUBLISHER, waitForPorts } from "./cluster.ts";
import { type DemoServer, readDemoServers } from "./conf.ts";
import { describePushLine, EdgeLog, parseLogLine } from "./log.ts";
import { watchGaps } from "./gap_watch.ts";
import { type DemoAction, DemoKeys } from "./keys.ts";
import { DemoPlayer } from "./player.ts";
import { findBusyPorts } from "./ports.ts";
import { createScreen, type DemoScreen } from "./screen.ts";
import type { DemoView } from "./table.ts";
import { pause } from "../pause.ts";
import { onSignal } from "../serve/process_signals.ts";

/** Options of {@link runDemo}. */
export interface DemoOptions {
  /** How long to run; absent: until a signal. */
  readonly forMs?: number;
  readonly portOffset: number;
  readonly isVerbose: boolean;
}

const APP = "live";
const STREAM = "livestream";
const START_LIMIT_MS = 20_000;
const SHOW_EVERY_MS = 500;
/** A signal that ended a program may be on its way to this one. */
const SIGNAL_GRACE_MS = 300;

/** Runs the demo. @returns The exit status. */
export async function runDemo(options: DemoOptions, io: CliIo): Promise<number> {
  const servers = await readDemoServers(options.portOffset);
  const busy = findBusyPorts(servers);
  if (busy.length > 0) {
    for (const line of busy) io.err(`srs-ts demo: ${line}\n`);
    io.err(`srs-ts demo: free the port, or move all ports, for example with --port-offset 1000\n`);
    return 1;
  }
  return await new Demo(servers, options, io).run();
}

class Demo {
  readonly #servers: readonly DemoServer[];
  readonly #options: DemoOptions;
  readonly #io: CliIo;
  readonly #screen: DemoScreen;
  readonly #edgeLog = new EdgeLog();
  readonly #players: readonly DemoPlayer[];
  readonly #over = new AbortController();
  readonly #reports = new Map<string, OriginReport>();
  #publisher = "srs-ts push is starting";
  #isActing = false;
  #failure: string | null = null;
  #startedMs = 0;

  constructor(servers: readonly DemoServer[], options: DemoOptions, io: CliIo) {
    this.#servers = servers;
    this.#options = options;
    this.#io = io;
    this.#screen = createScreen(io);
    this.#players = ["edge", "origin B"].map((name) => new DemoPlayer(name, this.#urlOf(name), systemTimers));
  }

  async run(): Promise<number> {
    const { stop } = this.#io;
    const end = () => this.#over.abort();
    stop.addEventListener("abort", end, { once: true });
    if (stop.aborted) end();
    // The terminal was closed, or Ctrl-\: programs that are told so too may need to be ended.
    using _hangup = onSignal("SIGHUP", end);
    using _quit = onSignal("SIGQUIT", end);
    this.#screen.print(`Starting ${this.#servers.map(({ name }) => name).join(", ")}`);
    try {
      await using cluster = await DemoCluster.start(this.#servers, {
        onLine: (name, line) => this.#onLine(name, line),
        onEnd: (child, isWanted) => this.#onEnd(child, isWanted),
      });
      using _keys = new DemoKeys((action) => this.#act(cluster, action));
      await this.#show(cluster);
      end();
      if (stop.aborted && stop.reason === "SIGINT") await cluster.waitForInterrupted();
    } finally {
      this.#screen.close();
    }
    return this.#judge();
  }

  async #show(cluster: DemoCluster): Promise<void> {
    const { signal } = this.#over;
    const ports = this.#servers.flatMap(({ rtmpPort, apiPort }) => apiPort === null ? [rtmpPort] : [rtmpPort, apiPort]);
    if (!await waitForPorts(ports, START_LIMIT_MS, signal)) {
      if (!signal.aborted) this.#failure = `the servers did not listen within ${START_LIMIT_MS / 1000} s`;
      return;
    }
    this.#startedMs = systemTimers.nowMs();
    cluster.publish(this.#urlOf("origin A"));
    const playing = this.#players.map((player) => player.run(signal));
    while (!signal.aborted && this.#leftMs() !== 0) {
      await this.#askOrigins();
      this.#screen.show(this.#view());
      await pause(systemTimers, Math.min(SHOW_EVERY_MS, this.#leftMs() ?? SHOW_EVERY_MS), signal);
    }
    this.#over.abort();
    await Promise.all(playing);
  }

  /** Time left in ms, or null when there is no end. */
  #leftMs(): number | null {
    const { forMs } = this.#options;
    return forMs === undefined ? null : Math.max(0, this.#startedMs + forMs - systemTimers.nowMs());
  }

  async #askOrigins(): Promise<void> {
    await Promise.all(this.#servers.map(async ({ name, apiPort }) => {
      const report = apiPort === null ? null : await fetchOriginReport(apiPort, APP, STREAM, systemTimers);
      if (report === null) this.#reports.delete(name);
      else this.#reports.set(name, report);
    }));
  }

  #onLine(name: string, line: string): void {
    if (this.#options.isVerbose) this.#screen.print(`${name.padEnd(9)}  ${line}`);
    if (name === PUBLISHER) {
      this.#publisher = describePushLine(line) ?? this.#publisher;
      return;
    }
    const parsed = parseLogLine(line);
    if (parsed !== null && name === "edge") this.#edgeLog.read(parsed);
    const isQuiet = this.#options.isVerbose || (parsed !== null && !["WARN", "ERROR"].includes(parsed.level));
    if (!isQuiet) this.#screen.warn(`${name}: ${parsed?.text ?? line}`);
  }

  /** Does to the origin that has the stream what a key says, and tells what viewers notice. */
  async #act(cluster: DemoCluster, action: DemoAction): Promise<void> {
    const { signal } = this.#over;
    if (this.#startedMs === 0 || signal.aborted) return;
    if (action === "restart") {
      const down = this.#servers.filter(({ name }) => !cluster.isRunning(name));
      for (const { name } of down) cluster.startServer(name);
      return this.#tell(
        down.length === 0 ? "r: no server is down" : `r: ${down.map(({ name }) => name).join(", ")} starts`,
      );
    }
    const running = this.#servers.filter(({ name, command }) => command === "origin" && cluster.isRunning(name));
    const owner = running.find(({ name }) => this.#reports.get(name)?.isOwner);
    const other = running.find((server) => server !== owner);
    if (this.#isActing) return;
    if (owner === undefined) return this.#tell("no origin has the stream at this moment");
    if (other === undefined) return this.#tell(`${owner.name} is the last origin: r starts the other one first`);
    this.#isActing = true;
    this.#tell(
      action === "kill" ? `k: ${owner.name} is killed; its encoder turns to ${other.name}` : `d: ${owner.name} drains`,
    );
    const watching = watchGaps(this.#players, { timers: systemTimers, stop: signal, tell: (text) => this.#tell(text) });
    cluster.dismiss(owner.name, action === "kill" ? "SIGKILL" : "SIGQUIT");
    this.#reports.delete(owner.name);
    if (action === "kill") cluster.publish(this.#urlOf(other.name));
    await watching;
    this.#isActing = false;
  }

  #tell(text: string): void {
    this.#screen.warn(text);
  }

  #onEnd(child: DemoChild, isWanted: boolean): void {
    if (child.name === PUBLISHER && isWanted) return;
    if (isWanted) return this.#tell(`${child.name} has ended: r starts it again`);
    this.#onFailed(child);
  }

  async #onFailed(child: DemoChild): Promise<void> {
    await pause(systemTimers, SIGNAL_GRACE_MS, this.#over.signal);
    if (this.#over.signal.aborted) return;
    const { code, signal } = await child.ended;
    const how = signal === null ? `ended with status ${code}` : `was ended by ${signal}`;
    // Somebody did that on purpose, by the console or another terminal: the others show what comes of it.
    const isOfUser = this.#options.forMs === undefined && child.name !== PUBLISHER && (code === 0 || signal !== null);
    if (isOfUser) return this.#tell(`${child.name} ${how}${DemoKeys.areThere ? ": r starts it again" : ""}`);
    this.#failure = [`${child.name} ${how}; its last lines:`, ...child.lastLines].join("\n  ");
    this.#over.abort();
  }

  #view(): DemoView {
    return {
      elapsedMs: systemTimers.nowMs() - this.#startedMs,
      leftMs: this.#leftMs(),
      stream: `${APP}/${STREAM}`,
      publisher: this.#publisher,
      servers: this.#servers.map((server) => this.#serverRow(server)),
      players: this.#players.map((player) => ({
        name: player.name,
        frames: player.frames,
        kbps: player.kbps,
        state: `${player.state}${this.#sourceOf(player)}`,
      })),
      hints: this.#hints(),
    };
  }

  #serverRow({ name, command, rtmpPort }: DemoServer) {
    const report = this.#reports.get(name);
    const row = { name, rtmpPort, players: null, recvKbps: null, sendKbps: null };
    if (report === undefined) return { ...row, stream: "does not answer" };
    const { players, recvKbps, sendKbps } = report;
    const stream = command === "edge" ? this.#edgeState() : this.#ownership(report);
    // The API of an edge does not tell players from the pull.
    return { ...row, stream, players: command === "edge" ? this.#edgeLog.players : players, recvKbps, sendKbps };
  }

  #ownership({ isOwner, video }: OriginReport): string {
    if (isOwner) return `published here${video === "" ? "" : `, ${video}`}`;
    // An edge that has the stream says so, too.
    const owner = this.#servers.find(({ name, command }) => command === "origin" && this.#reports.get(name)?.isOwner);
    return owner === undefined ? "not published" : `not here, redirects to ${owner.name}`;
  }

  #edgeState(): string {
    const { pulledFrom, redirectedBy } = this.#edgeLog;
    if (pulledFrom === "") return "not pulled";
    return `pulled from ${this.#nameOf(pulledFrom)}${
      redirectedBy === "" ? "" : ` (via ${this.#nameOf(redirectedBy)})`
    }`;
  }

  #sourceOf({ server, redirectedBy }: DemoPlayer): string {
    if (server === "") return "";
    return ` from ${this.#nameOf(server)}${redirectedBy === "" ? "" : `, redirected by ${this.#nameOf(redirectedBy)}`}`;
  }

  /** The name of a server by its address. */
  #nameOf(address: string): string {
    return this.#servers.find(({ rtmpPort }) => address.endsWith(`:${rtmpPort}`))?.name ?? address;
  }

  #urlOf(name: string, stream = STREAM): string {
    const port = this.#servers.find((server) => server.name === name)?.rtmpPort;
    return `rtmp://127.0.0.1${port === 1935 ? "" : `:${port}`}/${APP}/${stream}`;
  }

  #hints(): readonly (readonly [string, string])[] {
    const web = (name: string) => `http://127.0.0.1:${this.#servers.find((server) => server.name === name)?.apiPort}`;
    const keys = [["Keys", "the origin that has the stream: k kill, d drain; r start again"]] as const;
    return [
      ["Open", `${web("origin A")}/console/`],
      ["Watch", `ffplay ${this.#urlOf("edge")}`],
      ["", `vlc ${web("edge")}/${APP}/${STREAM}.flv`],
      ["Ask", `srs-ts probe ${this.#urlOf("origin B")}`],
      ["Publish", `ffmpeg -re -i FILE -c copy -f flv ${this.#urlOf("origin A", "other")}`],
      ...(DemoKeys.areThere ? keys : []),
    ];
  }

  /** Says how it went. @returns The exit status. */
  #judge(): number {
    const lines = this.#players.map(({ name, url, frames, redirects }) => {
      const way = name === "edge" ? "through the edge" : "through the redirect of origin B";
      return { ok: frames > 0 && (name === "edge" || redirects > 0), text: `${frames} frames ${way}, ${url}` };
    });
    for (const { text } of lines) this.#io.out(`${text}\n`);
    if (this.#failure !== null) {
      this.#io.err(`srs-ts demo: ${this.#failure}\n`);
      return 1;
    }
    if (this.#options.forMs === undefined) return 0;
    const isOk = lines.every(({ ok }) => ok);
    this.#io.out(isOk ? "The cluster works.\n" : "The cluster does NOT work: frames did not arrive both ways.\n");
    return isOk ? 0 : 1;
  }
}
