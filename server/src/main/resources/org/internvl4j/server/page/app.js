// The page: which conversation is shown, and what is asked.

import * as api from "./api.js";
import { drawTray, setBusy, startComposer, suggest, waiting } from "./composer.js";
import { askForKey, isSure } from "./dialogs.js";
import { byId, icon, make } from "./elements.js";
import { question as findQuestion, isFinding } from "./grounding.js";
import { AnswerView, drawQuestion } from "./messages.js";
import { dataUri, forgetAllBut } from "./pictures.js";
import { drawSettings, fields, settings } from "./settings.js";
import { drawConversations, isSidebarOpen, openSidebar } from "./sidebar.js";
import * as store from "./store.js";
import { count, isLanguage, preferredLanguage, speak, texts } from "./texts.js";

const THEMES = ["auto", "light", "dark"];
const TITLE = 60; // letters
const SHOWN = 6000; // ms
const AGAIN = 2000; // ms until a server that was not ready is asked again
const STEP = 1000; // ms after which what has come of an answer is kept

let conversations = [];
let current = fresh();
let saying = 0;
let running = null; // the answer that grows, where, and what stops it

function fresh() {
  return { id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, title: "", updated: 0, messages: [] };
}

// ---- asking

async function ask(question) {
  current.title ||= question.text.slice(0, TITLE);
  current.messages.push({ role: "user", ...question });
  await answer();
}

/** Answers the last question. */
async function answer() {
  running?.stop.abort();
  const message = { role: "assistant", text: "", isGrowing: true };
  const own = { conversation: current, message, stop: new AbortController(), kept: performance.now() };
  running = own;
  current.messages.push(message);
  if (!conversations.includes(current)) {
    conversations.push(current);
  }
  const start = performance.now();
  setBusy(true);
  await save(own.conversation);
  drawMessages();
  try {
    await grow(own);
    say(texts().done);
  } catch (error) {
    if (own.stop.signal.aborted) {
      message.finish = "stopped";
    } else {
      message.error = texts().failed(error.message || texts().notReached);
      if (error.status === 401) {
        unlock();
      }
    }
  }
  message.seconds = (performance.now() - start) / 1000;
  delete message.isGrowing;
  delete message.progress;
  await save(own.conversation);
  store.dropPart(own.conversation.id);
  if (running === own) {
    running = null;
    setBusy(false);
  }
  drawMessages();
}

async function grow(own) {
  const { message } = own;
  const request = { ...fields(), messages: await wire(own.conversation.messages.slice(0, -1)) };
  for await (const event of api.ask(request, own.stop.signal)) {
    if (event.text) {
      message.text += event.text;
      if (performance.now() - own.kept >= STEP) {
        keepPart(own);
      }
    } else if (event.finish) {
      message.finish = event.finish;
    } else if (event.usage) {
      message.usage = event.usage;
    } else {
      message.progress = event;
    }
    followEnd(() => views.get(message).update());
  }
}

/** Keeps what has come of an answer, for the page may be left before its end. */
function keepPart(own) {
  if (own !== null && conversations.includes(own.conversation)) {
    own.kept = performance.now();
    store.keepPart(own.conversation.id, own.message.text);
  }
}

/** The messages as the server reads them; one that was never answered is left out. */
async function wire(messages) {
  const sent = settings().system.trim() ? [{ role: "system", content: settings().system.trim() }] : [];
  for (const [index, message] of messages.entries()) {
    const reply = message.role === "assistant" ? message : messages[index + 1];
    if (reply && reply.text === "") {
      continue;
    }
    if (message.role === "assistant") {
      sent.push({ role: "assistant", content: message.text });
      continue;
    }
    const content = [];
    for (const picture of message.pictures) {
      const url = await dataUri(picture.blob);
      content.push({ type: "image_url", image_url: { url, max_tiles: settings().maxTiles } });
    }
    content.push({ type: "text", text: message.find ? findQuestion(message.text) : message.text });
    sent.push({ role: "user", content });
  }
  return sent;
}

function stop() {
  running?.stop.abort();
  byId("question").focus();
}

/** Asks the question at `index` again, with another text if there is one. */
function again(index, text) {
  current.messages.length = index + 1;
  if (text !== undefined) {
    current.messages[index].text = text;
  }
  byId("question").focus();
  answer();
}

// ---- conversations

/** Stores a conversation, unless it was deleted. */
async function save(conversation) {
  if (!conversations.includes(conversation)) {
    return;
  }
  conversation.updated = Date.now();
  conversations.sort((a, b) => b.updated - a.updated);
  await store.put(conversation).catch((error) => say(texts().failed(error.message), true));
  store.remember("current", current.id);
  drawList();
}

function show(conversation) {
  running?.stop.abort();
  current = conversation;
  store.remember("current", conversation.id);
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
  conversations = conversations.filter((other) => other !== conversation); // nothing stores it again
  if (conversation === current) {
    show(fresh()); // and stops its answer
  }
  drawList();
  store.dropPart(conversation.id);
  await store.remove(conversation.id).catch((error) => say(texts().failed(error.message), true));
}

/** Ends answers that grew when the page was left: with what had come of them. */
async function endCutOff() {
  const parts = store.takeParts();
  for (const conversation of conversations) {
    const message = conversation.messages.at(-1);
    if (message?.isGrowing) {
      message.text = parts.get(conversation.id) ?? message.text;
      message.finish = "stopped";
      delete message.isGrowing;
      delete message.progress;
      await store.put(conversation).catch((error) => say(texts().failed(error.message), true));
    }
  }
}

function drawList() {
  drawConversations(conversations, current.id, { show, remove });
}

// ---- messages

const views = new WeakMap();

function drawMessages() {
  const pictures = [];
  let where = { picture: null, isFind: false };
  const isBusy = running !== null;
  const last = current.messages.length - 1;
  const elements = current.messages.map((message, index) => {
    if (message.role === "user") {
      pictures.push(...message.pictures);
      where = { picture: picturedBy(message, where.picture), isFind: isFinding(message) };
      return drawQuestion(message, isBusy ? null : { edit: (text) => again(index, text) });
    }
    const canRetry = !isBusy && index === last;
    const actions = canRetry ? { retry: () => again(index - 1) } : null;
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
  await store.open();
  conversations = await store.all();
  const last = store.recall("current");
  current = conversations.find((conversation) => conversation.id === last) ?? current;
  await endCutOff();
  addEventListener("pagehide", () => keepPart(running));
  startComposer(ask, say);
  const language = store.recall("language");
  setLanguage(isLanguage(language) ? language : preferredLanguage());
  byId("new").addEventListener("click", () => show(fresh()));
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
  await connect();
  document.body.dataset.started = "";
}

start();
