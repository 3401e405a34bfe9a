import { byId, element, setText } from "./dom.js";

/** Asks before something is done that cannot be undone. */
export class ConfirmDialog {
  #dialog = byId("confirm");
  #act = () => {};

  constructor() {
    byId("confirm-no").addEventListener("click", () => this.#dialog.close());
    byId("confirm-yes").addEventListener("click", () => {
      this.#dialog.close();
      this.#act();
    });
  }

  /**
   * @param question `title`, `facts` as pairs of name and value, `note`, and `verb` for the button.
   * @param act What is done after a yes.
   */
  ask({ title, facts, note, verb }, act) {
    this.#act = act;
    setText(byId("confirm-title"), title);
    setText(byId("confirm-note"), note);
    setText(byId("confirm-yes"), verb);
    const rows = facts.map(([name, value]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, element("bdi", {}, value)))
    );
    byId("confirm-facts").replaceChildren(...rows);
    this.#dialog.showModal();
    // The harmless choice is the one that Enter makes.
    byId("confirm-no").focus();
  }
}
