// Answers as Markdown. What a model writes is not to be trusted: it is cleaned before it becomes
// part of the page, and it brings no picture, form or style with it.

import DOMPurify from "./vendor/purify.es.mjs";
import { marked } from "./vendor/marked.esm.js";

const CLEAN = {
  RETURN_DOM_FRAGMENT: true,
  USE_PROFILES: { html: true },
  FORBID_TAGS: [
    "img", "picture", "source", "video", "audio", "track", "style", "form", "input", "button",
    "select", "textarea", "dialog", "map", "area",
  ],
  FORBID_ATTR: ["style", "id", "class", "name", "background", "srcset", "poster"],
};

// Said as a text, so that no style attribute is ever looked at, not even on the way to be removed.
const escaping = { renderer: { html: ({ text }) => escape(text) } };

function escape(text) {
  return text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
}

marked.use({ gfm: true, breaks: true }, escaping);

/** A text as a piece of a page. */
export function render(text) {
  const piece = DOMPurify.sanitize(marked.parse(text, { async: false }), CLEAN);
  for (const link of piece.querySelectorAll("a[href]")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
  }
  return piece;
}
