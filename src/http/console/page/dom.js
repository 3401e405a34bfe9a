/** Building pages from text alone: names that peers choose never become markup. */

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes (`class`, `aria-label`, ...), listeners (`onclick`) and children; strings become text. */
export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svgElement(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
}

/** Sets the text of an element, unless it is there already: what did not change shall not be read aloud again. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** Sets an attribute, or takes it away where `value` is null. */
export function setAttribute(target, name, value) {
  if (value === null) target.removeAttribute(name);
  else if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

/** The element of the page with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** The address as a link's target, or null unless a browser may open it. */
export function httpUrl(text) {
  try {
    const url = new URL(text);
    return url.protocol === "http:" || url.protocol === "https:" ? url : null;
  } catch {
    return null;
  }
}

/** A small curve of some values; the newest stands at the right. */
export function sparkline(points = 60) {
  const [width, height] = [120, 28];
  const area = svgElement("path", { class: "spark-area" });
  const line = svgElement("path", { class: "spark-line" });
  // The value stands beside it as text.
  const svg = svgElement(
    "svg",
    { class: "spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    area,
    line,
  );
  const update = (values) => {
    const shown = values.slice(-points);
    // In the first minute what there is fills the place, so far as it goes.
    const span = Math.max(Math.min(points, 24), shown.length) - 1;
    // A third of room above: a steady rate is a calm line, not one that fills the box.
    const top = Math.max(1, ...shown) * 1.3;
    const x = (i) => (width - (shown.length - 1 - i) * width / span).toFixed(1);
    const y = (value) => (height - 1 - value / top * (height - 2)).toFixed(1);
    const path = shown.map((value, i) => `${i === 0 ? "M" : "L"}${x(i)} ${y(value)}`).join("");
    setAttribute(line, "d", path);
    setAttribute(area, "d", shown.length < 2 ? "" : `${path}L${width} ${height}L${x(0)} ${height}Z`);
  };
  return { svg, update };
}
