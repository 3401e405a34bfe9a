import { element, setAttribute, setText } from "./dom.js";
import { count } from "./format.js";
import { Table } from "./table.js";

/** Rows of one page; a server gives no more. */
export const PAGE_ROWS = 50;
const TYPING_MS = 250;

/** A table with a filter box, an order and pages; what stands on a page is somebody else's to find. */
export class PagedTable {
  filter = "";
  /** Name of a column, empty for the list's own order. */
  sort = "";
  isDescending = false;
  start = 0;
  #table;
  #onWant;
  #columns;
  #order;
  #pager = element("p", { class: "pager", hidden: true });
  #range = element("span", { role: "status" });
  #back;
  #next;
  #empty;
  #emptyText;
  #typing;

  /**
   * @param section As for {@link Table}; its `.tools` gets the filter and, for phones, the order.
   * @param onWant Called when the user wants another filter, order or page.
   */
  constructor(section, columns, onWant) {
    this.#columns = columns;
    this.#onWant = onWant;
    this.#table = new Table(section, columns, (name) => this.#sortBy(name));
    this.#empty = section.querySelector(".empty");
    this.#emptyText = this.#empty?.textContent ?? "";
    this.#back = element("button", { type: "button", onclick: () => this.#turn(-1) }, "Previous");
    this.#next = element("button", { type: "button", onclick: () => this.#turn(1) }, "Next");
    this.#pager.append(this.#back, this.#range, this.#next);
    section.append(this.#pager);
    section.querySelector(".tools").append(this.#filterBox(), ...this.#orderBox());
  }

  /** @param found How many rows the filter lets through, on all pages; @param total Without it. */
  show(rows, { found, total }) {
    this.#table.show(rows, total);
    if (this.#empty) {
      const isFiltered = total > 0 && this.filter !== "";
      setAttribute(this.#empty, "data-filtered", isFiltered ? "" : null);
      setText(this.#empty, isFiltered ? "Nothing matches the filter." : this.#emptyText);
    }
    const isOnePage = found <= PAGE_ROWS;
    this.#pager.hidden = isOnePage && (found === total || found === 0);
    const last = this.start + rows.length;
    const of = `${count(found)}${found === total ? "" : ` (of ${count(total)})`}`;
    setText(this.#range, rows.length === 0 ? `none of ${of}` : `${count(this.start + 1)}–${count(last)} of ${of}`);
    this.#back.hidden = this.#next.hidden = isOnePage;
    this.#back.disabled = this.start === 0;
    this.#next.disabled = last >= found;
    // The list became shorter.
    if (this.start > 0 && this.start >= found) {
      this.start = Math.max(0, Math.floor((found - 1) / PAGE_ROWS) * PAGE_ROWS);
      this.#onWant();
    }
  }

  /** From the first page on, as for another list. */
  rewind() {
    this.start = 0;
  }

  #filterBox() {
    const input = element("input", {
      type: "search",
      autocomplete: "off",
      spellcheck: "false",
      maxlength: 100,
      oninput: () => {
        clearTimeout(this.#typing);
        this.#typing = setTimeout(() => {
          this.filter = input.value.trim().toLowerCase();
          this.start = 0;
          this.#onWant();
        }, TYPING_MS);
      },
    });
    return element("label", { class: "filter" }, "Filter ", input);
  }

  /** Phones show no heads of columns. */
  #orderBox() {
    const sorts = this.#columns.filter(({ sort }) => sort);
    if (sorts.length === 0) return [];
    const options = sorts.map(({ sort, title }) => element("option", { value: sort }, title));
    this.#order = element(
      "select",
      { onchange: () => this.#sortBy(this.#order.value) },
      element("option", { value: "" }, "default"),
      ...options,
    );
    return [element("label", { class: "filter narrow" }, "Order ", this.#order)];
  }

  /** Numbers begin with the highest; a second time turns the order round, a third takes it away. */
  #sortBy(name) {
    const startsDescending = this.#columns.find(({ sort }) => sort === name)?.numeric === true;
    if (name !== this.sort) this.isDescending = startsDescending;
    else if (this.isDescending === startsDescending) this.isDescending = !startsDescending;
    else name = "";
    this.sort = name;
    if (name === "") this.isDescending = false;
    if (this.#order) this.#order.value = name;
    this.#table.showOrder(name, this.isDescending);
    this.start = 0;
    this.#onWant();
  }

  #turn(by) {
    this.start = Math.max(0, this.start + by * PAGE_ROWS);
    this.#onWant();
  }
}
