import { byId, element, setText } from "./dom.js";

/**
 * A table whose rows stay what they are while their cells change: focus and selection survive, and nothing is read
 * aloud that did not change.
 *
 * A column is `{ title, text(row) }` or `{ title, build(cell) }`, where `build` returns what updates the cell. Roles are
 * written out because the layout for phones takes the elements' own away.
 */
export class Table {
  #columns;
  #body;
  #wrap;
  #empty;
  #heading;
  #rows = new Map();

  /** @param id Of the section; in it stand a heading, a `.table` and an `.empty`. */
  constructor(id, columns) {
    const section = byId(id);
    this.#columns = columns;
    this.#wrap = section.querySelector(".table");
    this.#empty = section.querySelector(".empty");
    this.#heading = section.querySelector("h2");
    this.#heading.tabIndex = -1;
    this.#body = element("tbody", { role: "rowgroup" });
    const heads = columns.map(({ title, numeric, quiet }) =>
      element(
        "th",
        { scope: "col", role: "columnheader", class: numeric ? "numeric" : quiet ? "quiet" : null },
        quiet ? element("span", { class: "hidden" }, title) : title,
      )
    );
    const head = element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads));
    const caption = element("caption", { class: "hidden" }, this.#heading.firstChild.textContent.trim());
    this.#wrap.append(element("table", { role: "table" }, caption, head, this.#body));
  }

  /** Shows these rows, each with a `key`. */
  show(rows) {
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
    setText(this.#heading.querySelector(".count"), rows.length === 0 ? "" : String(rows.length));
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
