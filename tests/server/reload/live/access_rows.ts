import { signUrl } from "../../../../src/server/access/signed_url.ts";
import { inVhost, type LiveRow, type LiveRows, type Stage } from "./stage.ts";

/** Whether somebody who comes to a running stream is let in. */
async function letsPlay(stage: Stage, { query = "", pageUrl = "" } = {}): Promise<boolean> {
  const viewer = await stage.play(`s${query}`, { pageUrl });
  await stage.until(() => viewer.frames.length > 0 || !viewer.isReady, 3000);
  return viewer.frames.length > 0;
}

async function letsPublish(stage: Stage, pageUrl = ""): Promise<boolean> {
  const publisher = await stage.publish("other", { pageUrl });
  await stage.until(() => publisher.isReady || publisher.ended !== "", 3000);
  return publisher.isReady;
}

const pageUrl = "http://b.example/page";

function row(block: string, before: string, after: string, look: (stage: Stage) => Promise<boolean>): LiveRow {
  return {
    ...inVhost(block, before, after),
    async begin(stage) {
      await stage.publish("s", { pageUrl });
      const resident = await stage.play("s", { pageUrl });
      return async () => [await look(stage), resident.ended];
    },
    // Those that were let in stay.
    seen: [[true, ""], [false, ""]],
  };
}

/** Rows that judge who comes to a running server. */
export const accessRows: LiveRows = {
  "vhost.enabled": row("", "enabled on;", "enabled off;", letsPlay),
  "vhost.security.enabled": row(
    "security",
    "enabled off; deny publish all;",
    "enabled on; deny publish all;",
    (stage) => letsPublish(stage),
  ),
  "vhost.security.allow": row(
    "security",
    "enabled on; allow publish all; allow play all;",
    "enabled on; allow publish all; allow play 10.9.9.9;",
    letsPlay,
  ),
  "vhost.security.deny": row(
    "security",
    "enabled on; allow publish all; allow play all;",
    "enabled on; allow publish all; allow play all; deny play all;",
    letsPlay,
  ),
  "vhost.refer.enabled": row(
    "refer",
    "enabled off; play a.example;",
    "enabled on; play a.example;",
    (stage) => letsPlay(stage, { pageUrl }),
  ),
  "vhost.refer.all": row(
    "refer",
    "enabled on; all b.example;",
    "enabled on; all a.example;",
    (stage) => letsPlay(stage, { pageUrl }),
  ),
  "vhost.refer.play": row(
    "refer",
    "enabled on; play b.example;",
    "enabled on; play a.example;",
    (stage) => letsPlay(stage, { pageUrl }),
  ),
  "vhost.refer.publish": row(
    "refer",
    "enabled on; publish b.example;",
    "enabled on; publish a.example;",
    (stage) => letsPublish(stage, pageUrl),
  ),
  "vhost.signed_url.publish": row("signed_url", "key k1;", "key k1; publish on;", (stage) => letsPublish(stage)),
  "vhost.signed_url.play": row("signed_url", "key k1;", "key k1; play on;", letsPlay),
  "vhost.signed_url.key": {
    ...inVhost("signed_url", "key k1; play on;", "key k2; play on;"),
    async begin(stage) {
      await stage.publish();
      const signature = await signUrl("k1", "/live/s", "9999999999", "play");
      return () => letsPlay(stage, { query: `?expire=9999999999&sign=${signature}` });
    },
    seen: [true, false],
  },
};
