// Questions and answers as they are drawn.

import { showLarge } from "./dialogs.js";
import { draw, iconButton, make } from "./elements.js";
import { parse } from "./grounding.js";
import { render } from "./markdown.js";
import { address } from "./pictures.js";
import { count, texts } from "./texts.js";

const COLOURS = 6; // of boxes, in the style sheet

const drafts = new WeakMap(); // of questions that are being edited

/**
 * A question.
 *
 * @param actions `edit(text)`; null where it cannot be edited now
 */
export function drawQuestion(message, actions) {
  const own = texts();
  const bubble = make("div", { className: "bubble" });
  if (message.find) {
    bubble.append(make("span", { className: "badge", textContent: own.find }), " ");
  }
  bubble.append(message.text);
  const line = make("div", { className: "line" }, bubble);
  if (actions) {
    const edit = iconButton("pencil", own.edit, () => startEditing(article, message, actions).focus());
    line.append(make("div", { className: "actions" }, edit));
  }
  const article = make(
    "article",
    { className: "message question" },
    message.pictures.length === 0
      ? null
      : make("div", { className: "thumbs" }, ...message.pictures.map((picture) => thumb(picture))),
    line,
  );
  article.setAttribute("aria-label", own.you);
  if (actions && drafts.has(message)) {
    startEditing(article, message, actions); // the page is drawn anew, in another language
  }
  return article;
}

function thumb(picture) {
  const image = () => make("img", { src: address(picture), alt: picture.name });
  const onclick = () => showLarge(image(), picture.name);
  const button = make("button", { type: "button", className: "thumb", onclick }, image());
  button.setAttribute("aria-label", texts().show(picture.name));
  return button;
}

/** @returns the field of the text */
function startEditing(article, message, actions) {
  const own = texts();
  const before = [...article.children];
  const end = () => {
    drafts.delete(message);
    article.replaceChildren(...before);
    article.querySelector(".actions button").focus();
  };
  const send = () => {
    if (field.value.trim()) {
      drafts.delete(message);
      actions.edit(field.value.trim());
    }
  };
  const field = make("textarea", {
    rows: Math.min(8, message.text.split("\n").length + 1),
    value: drafts.get(message) ?? message.text,
    oninput: () => drafts.set(message, field.value),
    onkeydown: (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        send();
      } else if (event.key === "Escape") {
        event.stopPropagation();
        end();
      }
    },
  });
  field.setAttribute("aria-label", own.edit);
  drafts.set(message, field.value);
  const choices = make(
    "div",
    { className: "choices" },
    make("button", { type: "button", textContent: own.cancel, onclick: end }),
    make("button", { type: "button", className: "strong", textContent: own.send, onclick: send }),
  );
  article.replaceChildren(
    ...before.filter((child) => child.classList.contains("thumbs")),
    make("div", { className: "editor" }, field, choices),
  );
  return field;
}

/** An answer, drawn anew as it grows. */
export class AnswerView {
  #message;
  #where;
  #body = make("div", { className: "prose" });
  #extra = make("div", {});
  #frame = 0;

  /**
   * @param where `picture` that its boxes lie on, null where that is not certain; `isFind`: whether
   *   it was asked where something is
   * @param actions `retry()`; null where it cannot be tried again
   */
  constructor(message, where, actions) {
    this.#message = message;
    this.#where = where;
    this.actions = actions;
    this.element = make("article", { className: "message answer" }, this.#body, this.#extra);
    this.element.setAttribute("aria-label", texts().model);
    this.#draw();
  }

  /** Draws what has changed, at most once a frame. */
  update() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const message = this.#message;
    const { text, regions } = this.#parse();
    this.#body.replaceChildren(render(text));
    this.element.setAttribute("aria-busy", String(message.isGrowing === true));
    this.element.classList.toggle("growing", message.isGrowing === true);
    const parts = [
      message.isGrowing && !message.text ? drawProgress(message.progress) : null,
      regions.length > 0 ? drawFound(this.#where.picture, regions) : null,
      message.error ? make("p", { className: "error", role: "alert", textContent: message.error }) : null,
      message.isGrowing ? null : this.#drawFoot(),
    ];
    this.#extra.replaceChildren(...parts.filter((part) => part !== null));
  }

  #parse() {
    return parse(this.#message.text, { ...this.#where, isGrowing: this.#message.isGrowing });
  }

  #drawFoot() {
    const own = texts();
    const message = this.#message;
    const canCopy = navigator.clipboard !== undefined; // not over plain HTTP from elsewhere
    const copy = iconButton("copy", own.copy, async () => {
      await navigator.clipboard.writeText(this.#parse().text);
      copy.title = own.copied;
      copy.classList.add("done");
    });
    const actions = make("div", { className: "actions" }, canCopy && message.text ? copy : null);
    if (this.actions) {
      actions.append(iconButton("retry", own.retry, () => this.actions.retry()));
    }
    return make(
      "footer",
      {},
      actions,
      make("span", { className: "cost", textContent: costs(message).join(" · ") }),
    );
  }
}

function drawProgress(progress) {
  const own = texts();
  const line = make("div", { className: "progress" });
  const bar = make("progress", { max: progress?.total ?? 1 });
  if (progress) {
    bar.value = progress.done;
  }
  const text = !progress
    ? own.waiting
    : progress.what === "tile"
      ? own.lookingAt(progress.done, progress.total)
      : own.reading(count(progress.done), count(progress.total));
  bar.setAttribute("aria-label", text);
  line.append(bar, make("span", { textContent: text }));
  return line;
}

/** What an answer cost, and why it ended if that is worth a word. */
function costs(message) {
  const own = texts();
  const parts = [];
  if (message.finish === "stopped") {
    parts.push(own.stopped);
  } else if (message.finish === "length") {
    parts.push(own.cut);
  }
  const usage = message.usage;
  if (usage) {
    const details = usage.prompt_tokens_details ?? {};
    if (details.tiles) {
      parts.push(own.tiles(details.tiles));
    }
    const cached = count(details.cached_tokens ?? 0);
    parts.push(
      own.cost(count(usage.prompt_tokens), cached, count(usage.completion_tokens), message.seconds.toFixed(1)),
    );
  }
  return parts;
}

// ---- boxes

function drawFound(picture, regions) {
  const own = texts();
  const labels = regions.map((region) => region.label || own.found);
  const open = () => showLarge(overlay(picture, regions), own.boxes(labels.join(", ")));
  const button = make("button", { type: "button", className: "boxes", onclick: open }, overlay(picture, regions));
  button.setAttribute("aria-label", own.boxes(labels.join(", ")));
  const legend = labels.map((label, i) =>
    make("li", { className: `colour-${i % COLOURS}` }, make("span", { className: "swatch" }), label),
  );
  const isClear = regions.length === 1; // the answer itself says what the one box is
  return make("figure", { className: "found" }, button, isClear ? null : make("ul", { className: "legend" }, ...legend));
}

function overlay(picture, regions) {
  const attributes = { viewBox: "0 0 1000 1000", preserveAspectRatio: "none", "aria-hidden": "true" };
  const svg = draw("svg", attributes);
  regions.forEach((region, i) => {
    for (const [x1, y1, x2, y2] of region.boxes) {
      const at = { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
      svg.append(
        draw("rect", { ...at, class: "halo" }),
        draw("rect", { ...at, class: `outline colour-${i % COLOURS}` }),
      );
    }
  });
  return make("span", { className: "overlay" }, make("img", { src: address(picture), alt: picture.name }), svg);
}
