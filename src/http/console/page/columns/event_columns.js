import { nameColumn } from "./cells.js";
import { element, setAttribute, setText } from "../dom.js";
import { clockTime } from "../format.js";

/** What happened, and how the detail of the event belongs to it. */
const words = {
  published: { text: "published", detail: "by", tone: "up" },
  unpublished: { text: "ended", detail: "from" },
  switched: { text: "switched", detail: "to", tone: "draining" },
  found: { text: "server found", detail: "", tone: "up" },
  up: { text: "server up", detail: "", tone: "up" },
  down: { text: "server down", detail: "", tone: "down" },
  draining: { text: "server draining", detail: "", tone: "draining" },
  restarted: { text: "server restarted", detail: "", tone: "draining" },
  left: { text: "server left", detail: "", tone: "draining" },
};

export const eventColumns = [
  { title: "Time", text: ({ event }) => clockTime(new Date(Number(event.at_ms))) },
  {
    title: "Event",
    build(cell) {
      const badge = element("span", { class: "badge" });
      cell.append(badge);
      return ({ event }) => {
        const { text, tone = "quiet" } = wordsOf(event);
        setText(badge, text);
        setAttribute(badge, "data-state", tone);
      };
    },
  },
  nameColumn("What", ({ event }) => event.subject),
  nameColumn("Detail", ({ event }) => event.detail ? `${wordsOf(event).detail} ${event.detail}`.trim() : "–", {
    rowHead: false,
  }),
];

function wordsOf({ kind }) {
  return Object.hasOwn(words, kind) ? words[kind] : { text: String(kind), detail: "" };
}
