import { element, setText } from "./dom.js";

const DONE_MS = 1500;

/** A button that copies what an element says. @param what What that is, for those who do not see it. */
export function copyButton(source, what) {
  const button = element("button", { type: "button", class: "copy", "aria-label": `Copy ${what}` }, "Copy");
  button.addEventListener("click", async () => {
    setText(button, await copy(source) ? "Copied" : "Press Ctrl-C");
    setTimeout(() => setText(button, "Copy"), DONE_MS);
  });
  return button;
}

/** Browsers give the clipboard to pages of HTTPS and of this machine only; elsewhere the text is selected, at least. */
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(source);
    try {
      return document.execCommand("copy");
    } catch {
      return false;
    }
  }
}
