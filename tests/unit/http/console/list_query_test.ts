import { assertEquals } from "../../../kit/assert.ts";
import { pickPage, readListQuery, writeListQuery } from "../../../../src/http/console/list_query.ts";
import { Query } from "../../../../src/http/query.ts";

interface Row {
  name: string;
  size: number;
}

const shape = {
  text: ({ name }: Row) => name,
  columns: { size: ({ size }: Row) => size, name: ({ name }: Row) => name },
};

/** Rows in an order of their own, with many equal sizes. */
function rowsOf(count: number): Row[] {
  return Array.from({ length: count }, (_, i) => ({ name: `s${i * 7919 % count}`, size: i * 31 % 17 }));
}

function pick(all: Iterable<Row>, size: number, text: string) {
  return pickPage(all, size, { query: readListQuery(new Query(text)), shape });
}

/** The same by sorting everything. */
function pickSlowly(all: Row[], text: string) {
  const { filter, sort, isDescending, start, count } = readListQuery(new Query(text));
  const found = all.filter(({ name }) => name.includes(filter));
  const sign = isDescending ? -1 : 1;
  if (sort === "size") found.sort((a, b) => sign * (a.size - b.size));
  if (sort === "name") found.sort((a, b) => sign * (a.name < b.name ? -1 : 1));
  return { rows: found.slice(start, start + count), found: found.length };
}

for (const sort of ["", "size", "-size", "name", "-name", "nothing", "constructor", "__proto__"]) {
  Deno.test(`pickPage by "${sort}" gives what sorting everything gives`, () => {
    for (const length of [0, 1, 49, 50, 51, 100, 101, 1234]) {
      const all = rowsOf(length);
      for (const rest of ["", "&start=50", "&start=1200&count=7", "&filter=S1", "&filter=9&start=50", "&filter=none"]) {
        const text = `sort=${sort}${rest}`;
        assertEquals(pick(all, all.length, text), pickSlowly(all, text), `${length} ${text}`);
      }
    }
  });
}

Deno.test("without filter and order, a page costs what stands before its end", () => {
  let read = 0;
  const endless = function* () {
    for (;;) {
      read++;
      yield { name: "", size: 0 };
    }
  };
  const { rows, found } = pick(endless(), 1e9, "start=100");
  assertEquals([rows.length, found, read], [50, 1e9, 150]);
});

const wrong: [text: string, query: ReturnType<typeof readListQuery>][] = [
  ["", { filter: "", sort: "", isDescending: false, start: 0, count: 50 }],
  ["count=100000&start=-1&sort=a%20b", { filter: "", sort: "", isDescending: false, start: 0, count: 50 }],
  ["count=3&start=x&sort=--a", { filter: "", sort: "", isDescending: false, start: 0, count: 3 }],
  [`sort=-a&filter=${"%C3%84".repeat(300)}`, {
    filter: "ä".repeat(100),
    sort: "a",
    isDescending: true,
    start: 0,
    count: 50,
  }],
];

for (const [text, query] of wrong) {
  Deno.test(`readListQuery("${text.slice(0, 40)}") is bounded, and travels`, () => {
    assertEquals(readListQuery(new Query(text)), query);
    assertEquals(readListQuery(new Query(writeListQuery(query))), query);
  });
}
