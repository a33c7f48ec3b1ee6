// Makes elements. Text only ever enters as text, so nothing from data can become markup.

/** An element with a class, text and children; the last three may be left out. */
export function make(tag, className = "", text = "", children = []) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  element.append(...children);
  return element;
}

/** The element with this id; pages are static, so it is there. */
export const byId = (id) => document.getElementById(id);
