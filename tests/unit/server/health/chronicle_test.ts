import { assertEquals } from "../../../kit/assert.ts";
import type { ClusterMember } from "../../../../src/cluster/health/member_book.ts";
import { EventBook } from "../../../../src/server/health/event_book.ts";
import { MemberChanges } from "../../../../src/server/health/member_changes.ts";

const NOW_MS = 1_700_000_000_000;

function member(address: string, changes: Partial<ClusterMember> = {}): ClusterMember {
  return {
    id: `id-${address}`,
    serverId: "",
    address,
    rtmp: "",
    role: "origin",
    software: "srs-ts/0.1.0",
    link: "coworker",
    isSelf: false,
    state: "up",
    stateSinceMs: NOW_MS - 60_000,
    startedMs: NOW_MS - 60_000,
    load: null,
    troubles: [],
    problem: "",
    ...changes,
  };
}

const down = { state: "down", stateSinceMs: NOW_MS - 3000, problem: "does not answer" } as const;
const cases: [what: string, before: ClusterMember[], after: ClusterMember[], events: unknown[]][] = [
  ["nothing", [member("a:1")], [member("a:1")], []],
  ["a server goes down", [member("a:1")], [member("a:1", down)], [["down", "a:1", NOW_MS - 3000, "does not answer"]]],
  ["a server comes back", [member("a:1", down)], [member("a:1", { stateSinceMs: NOW_MS })], [[
    "up",
    "a:1",
    NOW_MS,
    "",
  ]]],
  ["a server drains", [member("a:1")], [member("a:1", { state: "draining" })], [["draining", "a:1", NOW_MS, ""]]],
  ["a server is found", [], [member("a:1", { rtmp: "x" })], [["found", "a:1", NOW_MS, ""]]],
  ["one that is down is found", [], [member("a:1", down)], [["down", "a:1", NOW_MS - 3000, "does not answer"]]],
  ["a server leaves", [member("a:1")], [], [["left", "a:1", NOW_MS, ""]]],
  ["one that was down is taken out", [member("a:1", down)], [], []],
  [
    "a server was started anew",
    [member("a:1")],
    [member("a:1", { id: "other", startedMs: NOW_MS - 1000 })],
    [["restarted", "a:1", NOW_MS, ""]],
  ],
  ["another takes its name", [member("a:1")], [member("a:1"), member("a:1", down)], []],
];

for (const [what, before, after, events] of cases) {
  Deno.test(`MemberChanges: ${what}`, () => {
    const changes = new MemberChanges();
    assertEquals(changes.look(before, NOW_MS - 5000), []);
    const told = changes.look(after, NOW_MS).map(({ kind, subject, atMs, detail }) => [kind, subject, atMs, detail]);
    assertEquals(told, events);
    assertEquals(changes.look(after, NOW_MS + 5000), []);
  });
}

Deno.test("EventBook keeps the last 200, and those of servers however many of streams there are", () => {
  const book = new EventBook();
  book.addOfServer({ atMs: NOW_MS, kind: "down", subject: "a:1", detail: "" });
  for (let i = 0; i < 5000; i++) {
    book.addOfStream({ atMs: NOW_MS + i, kind: "published", subject: "x".repeat(9999), detail: "" });
  }
  const all = book.all();
  assertEquals([all.length, all.at(-1)?.kind, all[0]?.atMs, all[0]?.subject.length], [141, "down", NOW_MS + 4999, 300]);
  for (let i = 0; i < 500; i++) book.addOfServer({ atMs: NOW_MS, kind: "up", subject: "a:1", detail: "" });
  assertEquals(book.all().length, 200);
  assertEquals(new Set(book.all().map(({ id }) => id)).size, 200);
});
