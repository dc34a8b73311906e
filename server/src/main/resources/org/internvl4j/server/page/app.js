// The page: which conversation is shown, and what is asked.

import * as api from "./api.js";
import { drawTray, setBusy, startComposer, suggest, waiting } from "./composer.js";
import * as conversations from "./conversations.js";
import { askForKey, isSure } from "./dialogs.js";
import { byId, icon, make } from "./elements.js";
import { isFinding } from "./grounding.js";
import { AnswerView, drawQuestion } from "./messages.js";
import { forgetAllBut } from "./pictures.js";
import { requestOf } from "./request.js";
import { drawSettings } from "./settings.js";
import { drawConversations, isSidebarOpen, openSidebar } from "./sidebar.js";
import * as store from "./store.js";
import { count, isLanguage, preferredLanguage, speak, texts } from "./texts.js";

const THEMES = ["auto", "light", "dark"];
const TITLE = 60; // letters
const SHOWN = 6000; // ms
const AGAIN = 2000; // ms until a server that was not ready is asked again

let current = conversations.fresh();
let saying = 0;
let running = null; // the answer that grows in this tab, where, what stops it, and its end

// ---- asking

/** @returns whether it is asked: not while another tab answers there */
function ask(question) {
  return answer((conversation) => {
    conversation.title ||= question.text.slice(0, TITLE);
    conversation.messages.push({ role: "user", ...question });
    return true;
  });
}

/** Asks a question again, with another text if there is one. */
function again(question, text) {
  byId("question").focus();
  return answer(({ messages }) => {
    const index = messages.indexOf(question);
    if (index < 0) {
      return false; // another tab has just changed them
    }
    messages.length = index + 1;
    question.text = text ?? question.text;
    return true;
  });
}

/**
 * Answers the last question of the conversation that is shown.
 *
 * @param change makes that question; false if it cannot any more
 * @returns when the answer has ended, true; false if it is not answered
 */
function answer(change) {
  const before = running;
  before?.stop.abort();
  const message = { role: "assistant", text: "", isGrowing: true };
  running = { conversation: current, message, stop: new AbortController() };
  running.ended = answerAfter(before?.ended, running, change);
  return running.ended;
}

async function answerAfter(before, own, change) {
  setBusy(true);
  await before;
  const giveBack = await begin(own, change);
  if (giveBack !== null) {
    const start = performance.now();
    drawMessages();
    await grow(own);
    own.message.seconds = (performance.now() - start) / 1000;
    await finish(own);
    giveBack();
  } else if (!own.stop.signal.aborted) {
    say(texts().inUse, true);
  }
  if (running === own) {
    running = null;
    setBusy(false);
  }
  drawMessages();
  return giveBack !== null;
}

/** @returns what gives the conversation back; null if this tab cannot answer in it */
async function begin({ conversation, message }, change) {
  const giveBack = await conversations.hold(conversation);
  if (giveBack !== null && change(conversation)) {
    conversation.messages.push(message);
    if (await save(conversation)) {
      return giveBack;
    }
  }
  giveBack?.();
  return null;
}

async function grow(own) {
  const { conversation, message, stop } = own;
  try {
    const request = await requestOf(conversation.messages.slice(0, -1));
    for await (const event of api.ask(request, stop.signal)) {
      if (event.text) {
        message.text += event.text;
      } else if (event.finish) {
        message.finish = event.finish;
      } else if (event.usage) {
        message.usage = event.usage;
      } else {
        message.progress = event;
      }
      conversations.grew(conversation, message);
      followEnd(() => views.get(message)?.update());
    }
    say(texts().done);
  } catch (error) {
    if (stop.signal.aborted) {
      message.finish = "stopped";
    } else {
      message.error = texts().failed(error.message || texts().notReached);
      say(message.error);
      if (error.status === 401) {
        unlock();
      }
    }
  }
}

async function finish({ conversation, message, stop }) {
  delete message.isGrowing;
  delete message.progress;
  if (!(await save(conversation)) && !stop.signal.aborted) {
    say(texts().inUse, true);
  }
  conversations.dropPart(conversation);
}

function stop() {
  if (running) {
    running.stop.abort();
    say(texts().stopped);
  }
  byId("question").focus();
}

// ---- conversations

async function save(conversation) {
  const isSaved = conversations.save(conversation); // first of all gives it its place in the list
  store.rememberShown(current.id);
  drawList();
  return isSaved;
}

function show(conversation) {
  running?.stop.abort();
  current = conversation;
  store.rememberShown(conversation.id);
  openSidebar(false);
  drawList();
  drawMessages();
  byId("question").focus();
}

async function remove(conversation) {
  const title = conversation.title || texts().untitled;
  if (!(await isSure(texts().deleteSure(title), texts().delete))) {
    return;
  }
  const removed = conversations.remove(conversation);
  leave(conversation);
  await removed;
}

/** A conversation is there no more. */
function leave(conversation) {
  if (conversation === current) {
    show(conversations.fresh()); // and stops its answer
  }
  drawList();
}

/** What other tabs do with conversations. */
const others = {
  changed(conversation) {
    drawList();
    if (conversation === current) {
      drawMessages();
    }
  },
  grew(message) {
    followEnd(() => views.get(message)?.update());
  },
  removed(conversation) {
    if (conversation === current) {
      say(texts().removedElsewhere, true);
    }
    leave(conversation);
  },
  failed(error) {
    say(texts().failed(error.message), true);
  },
};

function drawList() {
  drawConversations(conversations.list(), current.id, { show, remove });
}

// ---- messages

const views = new WeakMap();

function drawMessages() {
  const pictures = [];
  let where = { picture: null, isFind: false };
  const isBusy = running !== null || conversations.isGrowing(current);
  const last = current.messages.length - 1;
  const elements = current.messages.map((message, index) => {
    if (message.role === "user") {
      pictures.push(...message.pictures);
      where = { picture: picturedBy(message, where.picture), isFind: isFinding(message) };
      return drawQuestion(message, isBusy ? null : { edit: (text) => again(message, text) });
    }
    const canRetry = !isBusy && index === last;
    const actions = canRetry ? { retry: () => again(current.messages[index - 1]) } : null;
    const view = new AnswerView(message, where, actions);
    views.set(message, view);
    return view.element;
  });
  byId("messages").replaceChildren(...elements);
  byId("welcome").hidden = current.messages.length > 0;
  forgetAllBut([...pictures, ...waiting()]);
  byId("scroll").scrollTop = byId("scroll").scrollHeight;
}

/** What the boxes of its answer lie on: which of several pictures, models do not say. */
function picturedBy(question, before) {
  const [first, second] = question.pictures;
  return first === undefined ? before : second === undefined ? first : null;
}

/** Stays at the end of the messages if the user is there. */
function followEnd(change) {
  const scroll = byId("scroll");
  const isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  change();
  if (isAtEnd) {
    requestAnimationFrame(() => requestAnimationFrame(() => (scroll.scrollTop = scroll.scrollHeight)));
  }
}

/** Says something to who cannot see it; what went wrong is also shown for a while. */
function say(sentence, isWrong = false) {
  const said = byId("said");
  said.textContent = sentence;
  said.className = isWrong ? "toast" : "unseen";
  clearTimeout(saying);
  saying = setTimeout(() => (said.className = "unseen"), SHOWN);
}

// ---- the server

/** @param why the key is asked for again, if it is */
async function connect(why) {
  const status = await api.health();
  const isReady = status === "ready";
  byId("dot").dataset.state = isReady ? "ready" : "waiting";
  byId("state").textContent = isReady ? "" : status === null ? texts().away : texts().loading;
  if (!isReady) {
    setTimeout(() => connect(why), AGAIN);
    return;
  }
  try {
    const served = await api.model();
    byId("model").textContent = served.id;
    byId("model").title = texts().tokens(count(served.max_model_len));
  } catch (error) {
    if (error.status === 401) {
      unlock(why);
    }
  }
}

async function unlock(why) {
  const key = await askForKey(why);
  if (key !== null) {
    api.keepKey(key);
    connect(texts().keyWrong);
  }
}

// ---- looks

function setLanguage(name) {
  speak(name);
  store.remember("language", name);
  const own = texts();
  byId("language").textContent = own.language;
  byId("language").title = own.languageLabel;
  byId("language").setAttribute("aria-label", own.languageLabel);
  byId("language").lang = own.languageTag;
  byId("ideas").replaceChildren(
    ...own.ideas.map((text) => make("button", { type: "button", textContent: text, onclick: () => suggest(text) })),
  );
  drawSettings(byId("settings"), drawTray);
  setTheme(document.documentElement.dataset.theme);
  drawTray();
  drawList();
  drawMessages();
  document.querySelector(".editor")?.scrollIntoView({ block: "nearest" });
}

function setTheme(name) {
  const theme = THEMES.includes(name) ? name : "auto";
  document.documentElement.dataset.theme = theme;
  store.remember("theme", theme);
  const own = { auto: texts().themeAuto, light: texts().themeLight, dark: texts().themeDark }[theme];
  byId("theme").replaceChildren(icon(theme));
  byId("theme").title = own;
  byId("theme").setAttribute("aria-label", own);
}

function openSettings(isOpen) {
  byId("settings").hidden = !isOpen;
  byId("tune").setAttribute("aria-expanded", String(isOpen));
  if (isOpen) {
    byId("settings").querySelector("input").focus();
  }
}

function escape() {
  if (document.querySelector("dialog[open]")) {
    return; // closes itself
  }
  if (isSidebarOpen()) {
    openSidebar(false);
    byId("menu").focus();
  } else if (!byId("settings").hidden) {
    openSettings(false);
    byId("tune").focus();
  } else {
    stop();
  }
}

async function start() {
  for (const element of document.querySelectorAll("[data-icon]")) {
    element.prepend(icon(element.dataset.icon));
  }
  await conversations.open(others);
  const last = store.recallShown();
  current = conversations.list().find((conversation) => conversation.id === last) ?? current;
  addEventListener("pagehide", conversations.leave);
  startComposer(ask, say);
  const language = store.recall("language");
  setLanguage(isLanguage(language) ? language : preferredLanguage());
  byId("new").addEventListener("click", () => show(conversations.fresh()));
  byId("stop").addEventListener("click", stop);
  byId("menu").addEventListener("click", () => openSidebar(!isSidebarOpen()));
  byId("shade").addEventListener("click", () => openSidebar(false));
  byId("language").addEventListener("click", () => setLanguage(texts().languageTag));
  byId("tune").addEventListener("click", () => openSettings(byId("settings").hidden));
  byId("theme").addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme;
    setTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]);
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && escape());
  await Promise.all([conversations.endCutOff(), connect()]);
  document.body.dataset.started = "";
}

start();
