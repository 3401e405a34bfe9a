import type { AmfObject, AmfValue } from "../../../src/amf/amf0.ts";
import { RawPeer, until } from "./rtmp_rig.ts";

/** What a client says of itself and what it wants. */
export interface Wish {
  kind: "publish" | "play";
  /** Stream name with parameters. */
  name: string;
  tcUrl?: string;
  pageUrl?: string;
  /** Object behind the command object of `connect`. */
  args?: AmfObject;
}

/** A client of a test that asks to publish or play and says nothing more. */
export class AskingPeer implements Disposable {
  private constructor(readonly raw: RawPeer) {}

  /** Connects and asks; what becomes of it is not waited for. */
  static async ask(port: number, wish: Wish): Promise<AskingPeer> {
    const peer = new AskingPeer(await RawPeer.shakeHands(port));
    peer.raw.listen();
    const { tcUrl = `rtmp://127.0.0.1:${port}/live`, pageUrl = "", args } = wish;
    const object = { app: "live", tcUrl, pageUrl, swfUrl: "http://swf/" };
    await peer.raw.command("connect", 1, object, ...(args === undefined ? [] : [args]));
    await peer.want(wish);
    return peer;
  }

  /** Asks on the connection that is there. */
  async want({ kind, name }: Pick<Wish, "kind" | "name">): Promise<void> {
    await this.raw.command("createStream", 2, null);
    await this.raw.command(kind, 0, null, name);
  }

  /** `code: description` of the statuses and errors received, those of a normal start left out. */
  get words(): string[] {
    const infos = this.raw.commands.filter(([name]) => name === "onStatus" || name === "_error")
      .map(([, , , info]) => info as { code: string; description: string });
    return infos.filter(({ code }) => !/\.(Reset|Success)$/.test(code)).map(({ code, description }) =>
      /\.Start$/.test(code) ? code : `${code}: ${description}`
    );
  }

  /** Waits for the first word, and returns it: the start of the stream or the reason why there is none. */
  async firstWord(limitMs?: number): Promise<string> {
    await until("an answer", () => this.raw.closed || this.words.length > 0, limitMs);
    return this.words[0] ?? "closed";
  }

  command(name: string, transactionId: number, ...values: AmfValue[]): Promise<boolean> {
    return this.raw.command(name, transactionId, ...values);
  }

  [Symbol.dispose](): void {
    this.raw[Symbol.dispose]();
  }
}

/** The first word that a client hears which asks and then leaves. */
export async function firstWord(port: number, wish: Wish): Promise<string> {
  using peer = await AskingPeer.ask(port, wish);
  return await peer.firstWord();
}
