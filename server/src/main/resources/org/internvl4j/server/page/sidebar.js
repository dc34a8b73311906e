// The list of conversations.

import { byId, iconButton, make } from "./elements.js";
import { texts } from "./texts.js";

/**
 * Draws it.
 *
 * @param conversations the newest first
 * @param currentId of the one that is shown
 * @param actions `show(conversation)` and `remove(conversation)`
 */
export function drawConversations(conversations, currentId, actions) {
  const own = texts();
  const items = conversations.map((conversation) => {
    const title = conversation.title || own.untitled;
    const isCurrent = conversation.id === currentId;
    const show = make("button", {
      type: "button",
      className: "title",
      textContent: title,
      onclick: () => actions.show(conversation),
    });
    if (isCurrent) {
      show.setAttribute("aria-current", "true");
    }
    const remove = iconButton("bin", own.deleteChat(title), () => actions.remove(conversation));
    return make("li", { className: isCurrent ? "current" : "" }, show, remove);
  });
  byId("conversations").replaceChildren(...items);
}

/** On narrow windows it lies over the rest while it is open. */
export function openSidebar(isOpen) {
  byId("sidebar").classList.toggle("open", isOpen);
  byId("shade").hidden = !isOpen;
  byId("menu").setAttribute("aria-expanded", String(isOpen));
  if (isOpen) {
    byId("new").focus();
  }
}

export function isSidebarOpen() {
  return byId("sidebar").classList.contains("open");
}
