// What asks before the page goes on.

import { iconButton, make } from "./elements.js";
import { texts } from "./texts.js";

function opened(dialog) {
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue)));
}

function label(dialog, heading) {
  heading.id = "dialog-title";
  dialog.setAttribute("aria-labelledby", heading.id);
}

/** Asks for the key; null if the user has none. */
export async function askForKey(why) {
  const own = texts();
  const field = make("input", { type: "password", id: "key", required: true, autocomplete: "off" });
  const heading = make("h2", { textContent: own.keyTitle });
  const dialog = make("dialog", { className: "dialog" });
  const form = make(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        dialog.close(field.value.trim());
      },
    },
    heading,
    why ? make("p", { className: "error", textContent: why }) : null,
    make("label", { htmlFor: "key", textContent: own.keyLabel }),
    field,
    make("p", { className: "note", textContent: own.keyMore }),
    make(
      "div",
      { className: "choices" },
      make("button", { type: "button", textContent: own.cancel, onclick: () => dialog.close("") }),
      make("button", { type: "submit", className: "strong", textContent: own.ok }),
    ),
  );
  dialog.append(form);
  label(dialog, heading);
  return (await opened(dialog)) || null;
}

/** Whether the user wants that. */
export async function isSure(question, yes) {
  const dialog = make("dialog", { className: "dialog" });
  const heading = make("h2", { textContent: question });
  dialog.append(
    heading,
    make(
      "div",
      { className: "choices" },
      make("button", { type: "button", textContent: texts().cancel, onclick: () => dialog.close("") }),
      make("button", { type: "button", className: "strong", textContent: yes, onclick: () => dialog.close("yes") }),
    ),
  );
  label(dialog, heading);
  return (await opened(dialog)) === "yes";
}

/** Shows something as large as the window allows. */
export function showLarge(element, name) {
  const dialog = make("dialog", { className: "large", onclick: () => dialog.close() });
  dialog.setAttribute("aria-label", name);
  dialog.append(element, iconButton("close", texts().close, () => dialog.close(), "icon close"));
  return opened(dialog);
}
