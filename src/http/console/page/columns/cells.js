import { element, setAttribute, setText } from "../dom.js";

/** Columns that tables share. Names of streams, clients and servers are set as text, always. */

/** A name that somebody else chose, with a note below. */
export function nameColumn(title, name, { note, sort, rowHead = true } = {}) {
  return {
    title,
    sort,
    rowHead,
    build(cell) {
      const text = element("bdi", { class: rowHead ? "name" : null });
      const below = element("span", { class: "note" });
      cell.append(text, below);
      return (row) => {
        setText(text, name(row));
        setText(below, note?.(row) ?? "");
      };
    },
  };
}

/** A value with a note below. */
export function notedColumn(title, value, note, more = {}) {
  return {
    title,
    ...more,
    build(cell) {
      const text = element("span");
      const below = element("span", { class: "note" });
      cell.append(text, below);
      return (row) => {
        setText(text, value(row));
        setText(below, note(row));
      };
    },
  };
}

/** A button at the end of each row that may have it. */
export function actionColumn(title, label, act, mayAct = () => true) {
  return {
    title,
    quiet: true,
    build(cell) {
      let shown = null;
      const button = element("button", { type: "button", onclick: () => act(shown) }, title);
      cell.append(button);
      return (row) => {
        shown = row;
        button.hidden = !mayAct(row);
        setAttribute(button, "aria-label", label(row));
      };
    },
  };
}
