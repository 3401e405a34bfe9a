import { type ClusterPorts, freePort, isListening, Program, programCommand, until } from "../launcher.ts";

/** One more edge of the walkthrough's cluster. */
export class SecondEdge implements AsyncDisposable {
  readonly port = freePort();
  readonly apiPort = freePort();
  readonly program: Program;
  readonly #dir: string;

  private constructor(dir: string, { rtmpA, rtmpB }: ClusterPorts, adapt: (text: string) => string) {
    this.#dir = dir;
    const text = Deno.readTextFileSync(new URL("../../../conf/origin.cluster.edge.conf", import.meta.url));
    const ports: Record<string, number> = { 19350: rtmpA, 19351: rtmpB, 1935: this.port, 9092: this.apiPort };
    const path = `${dir}/edge2.conf`;
    Deno.writeTextFileSync(
      path,
      adapt(text.replace(/\b(19350|19351|1935|9092)\b/g, (port) => String(ports[port]))),
    );
    this.program = new Program(programCommand("edge", "-c", path), { cwd: dir });
  }

  /** @param adapt Changes its configuration once the ports are in it. */
  static async start(ports: ClusterPorts, adapt: (text: string) => string = (text) => text): Promise<SecondEdge> {
    const edge = new SecondEdge(await Deno.makeTempDir(), ports, adapt);
    await until(() => isListening(edge.apiPort), 60_000, () => edge.program.output);
    return edge;
  }

  url(stream: string): string {
    return `rtmp://127.0.0.1:${this.port}/live/${stream}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    await Deno.remove(this.#dir, { recursive: true });
  }
}
