import { type ClusterPorts, freePort, isListening, Program, programCommand, until } from "../launcher.ts";

/** Turns the HTTP API on in an edge's configuration. */
export function withApi(text: string, port: number): string {
  return `${text}\nhttp_api { enabled on; listen ${port}; }\n`;
}

/** One more edge of the walkthrough's cluster. */
export class SecondEdge implements AsyncDisposable {
  readonly port = freePort();
  readonly apiPort = freePort();
  readonly program: Program;
  readonly #dir: string;

  private constructor(dir: string, { rtmpA, rtmpB }: ClusterPorts) {
    this.#dir = dir;
    const text = Deno.readTextFileSync(new URL("../../../conf/origin.cluster.edge.conf", import.meta.url));
    const ports: Record<string, number> = { 19350: rtmpA, 19351: rtmpB, 1935: this.port };
    const path = `${dir}/edge2.conf`;
    Deno.writeTextFileSync(
      path,
      withApi(text.replace(/\b(19350|19351|1935)\b/g, (port) => String(ports[port])), this.apiPort),
    );
    this.program = new Program(programCommand("edge", "-c", path), { cwd: dir });
  }

  static async start(ports: ClusterPorts): Promise<SecondEdge> {
    const edge = new SecondEdge(await Deno.makeTempDir(), ports);
    await until(() => isListening(edge.apiPort), 20_000, () => edge.program.output);
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
