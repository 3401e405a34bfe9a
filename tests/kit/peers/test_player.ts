import type { LiveSource, Player } from "../../../src/stream/live_source.ts";
import type { PlayCursor } from "../../../src/stream/play_cursor.ts";
import { WireReader } from "../media/packets.ts";

/** A player that takes everything whenever it is woken, unless `stalled`. */
export class TestPlayer implements Player {
  readonly source: LiveSource;
  readonly cursor: PlayCursor;
  readonly wire = new WireReader();
  readonly publishChanges: boolean[] = [];
  stalled = false;
  wakes = 0;
  /** Views taken, one write each. */
  writes = 0;
  onWake: () => void = () => {};

  constructor(source: LiveSource) {
    this.source = source;
    this.cursor = source.attach(this);
    // As a connection does once the play is accepted.
    this.read();
  }

  wake(): void {
    this.wakes++;
    this.onWake();
    this.read();
  }

  onPublishChange(active: boolean): void {
    this.publishChanges.push(active);
  }

  read(): void {
    if (this.stalled) return;
    for (let view = this.cursor.next(); view !== null; view = this.cursor.next()) {
      this.writes++;
      this.wire.push(view);
    }
  }

  leave(): void {
    this.source.detach(this);
  }

  /** Labels of what came since the last call. */
  take(): string[] {
    return this.wire.take();
  }
}
