import { byId, element, setText } from "./dom.js";
import { plural } from "./format.js";

/** Most that are told; a list that is longer than a screen hides what comes below. */
const SHOWN = 5;

/** What is wrong and what to do about it, at the top of the page. */
export class Problems {
  #list = byId("problem-list");
  #more = byId("problem-more");
  #shown = "";

  /** @param problems As the server tells them, the worst first; notes are left out. */
  show(problems) {
    const told = problems.filter(({ severity }) => severity !== "note");
    byId("problems").hidden = told.length === 0;
    const shown = JSON.stringify(told.map(({ name, what, remedy, severity }) => [name, what, remedy, severity]));
    // What did not change shall not be read aloud again.
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#list.replaceChildren(...told.slice(0, SHOWN).map(entry));
    const rest = told.length - SHOWN;
    setText(this.#more, rest > 0 ? `And ${plural(rest, "more problem")}: order the servers by state.` : "");
  }
}

function entry({ severity, name, what, remedy }) {
  return element(
    "li",
    { "data-severity": severity === "error" ? "error" : "warning" },
    element("bdi", { class: "name" }, String(name)),
    ` ${sentence(what)}`,
    remedy ? element("span", { class: "remedy" }, sentence(capital(String(remedy)))) : "",
  );
}

function sentence(text) {
  const said = String(text).trim();
  return /[.!?]$/.test(said) ? said : `${said}.`;
}

function capital(text) {
  return /^[a-z]+ /.test(text) ? text[0].toUpperCase() + text.slice(1) : text;
}
