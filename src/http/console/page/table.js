import { element, setAttribute, setText } from "./dom.js";

/**
 * A table whose rows stay what they are while their cells change: focus and selection survive, and nothing is read
 * aloud that did not change.
 *
 * A column is `{ title, text(row) }` or `{ title, build(cell) }`, where `build` returns what updates the cell; with
 * `sort`, its head sorts by that name. Roles are written out because the layout for phones takes the elements' own away.
 */
export class Table {
  #columns;
  #body;
  #wrap;
  #empty;
  #heading;
  #heads = [];
  #rows = new Map();

  /**
   * @param section In it stand a heading, a `.table` and an `.empty`.
   * @param onSort Told the name of the column by whose head the user wants to sort.
   */
  constructor(section, columns, onSort = () => {}) {
    this.#columns = columns;
    this.#wrap = section.querySelector(".table");
    this.#empty = section.querySelector(".empty");
    this.#heading = section.querySelector("h2");
    this.#heading.tabIndex = -1;
    this.#body = element("tbody", { role: "rowgroup" });
    const heads = columns.map((column) => this.#head(column, onSort));
    const head = element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads));
    const caption = element("caption", { class: "hidden" }, this.#heading.firstChild.textContent.trim());
    this.#wrap.append(element("table", { role: "table" }, caption, head, this.#body));
  }

  /** Shows these rows, each with a `key`, of so many in all. */
  show(rows, total = rows.length) {
    const gone = new Set(this.#rows.keys());
    let place = this.#body.firstElementChild;
    for (const row of rows) {
      gone.delete(row.key);
      const known = this.#rows.get(row.key) ?? this.#build(row.key);
      for (const update of known.updates) update(row);
      if (known.line === place) place = place.nextElementSibling;
      else this.#body.insertBefore(known.line, place);
    }
    for (const key of gone) this.#remove(key);
    this.#wrap.hidden = rows.length === 0;
    if (this.#empty) this.#empty.hidden = rows.length > 0;
    const counter = this.#heading.querySelector(".count");
    if (counter) setText(counter, total === 0 ? "" : new Intl.NumberFormat("en").format(total));
  }

  /** Marks the column by which the rows are sorted. */
  showOrder(name, isDescending) {
    for (const { head, sort } of this.#heads) {
      setAttribute(head, "aria-sort", sort !== name ? null : isDescending ? "descending" : "ascending");
    }
  }

  #head({ title, numeric, quiet, sort }, onSort) {
    const kind = numeric ? "numeric" : quiet ? "quiet" : null;
    const label = sort
      ? element("button", { type: "button", class: "sort", onclick: () => onSort(sort) }, title)
      : quiet
      ? element("span", { class: "hidden" }, title)
      : title;
    const head = element("th", { scope: "col", role: "columnheader", class: kind }, label);
    this.#heads.push({ head, sort });
    return head;
  }

  #build(key) {
    const line = element("tr", { role: "row" });
    const updates = this.#columns.map(({ title, text, build, numeric, rowHead, quiet }) => {
      const cell = rowHead ? element("th", { scope: "row", role: "rowheader" }) : element("td", {
        role: "cell",
        class: numeric ? "numeric" : quiet ? "quiet" : null,
        "data-title": quiet ? null : title,
      });
      line.append(cell);
      return build ? build(cell) : (row) => setText(cell, text(row));
    });
    const made = { line, updates };
    this.#rows.set(key, made);
    return made;
  }

  #remove(key) {
    const { line } = this.#rows.get(key);
    const hadFocus = line.contains(document.activeElement);
    line.remove();
    this.#rows.delete(key);
    // Else the keyboard would start again at the top of the page.
    if (hadFocus) this.#heading.focus({ preventScroll: true });
  }
}
