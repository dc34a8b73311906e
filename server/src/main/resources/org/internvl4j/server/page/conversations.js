// The conversations of this browser, in step with its other tabs. Only the tab that holds a
// conversation changes it; the others follow.

import * as store from "./store.js";
import * as tabs from "./tabs.js";

const STEP = 1000; // ms after which what has come of an answer is kept
const TOLD = 100; // ms after which it is told to the other tabs

let all = [];
let page = null;
let own = null; // the answer that has grown in this tab, and its conversation
let kept = 0; // when it was
let told = 0;
let telling = 0; // what tells it later
const versions = new WeakMap(); // when a conversation was `updated` as it is stored
const held = new Set(); // ids of those that this tab holds
const awaited = new Set(); // ids of those whose answers grow in other tabs

/** A conversation without messages, which is kept once something was asked in it. */
export function fresh() {
  return { id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, title: "", updated: 0, messages: [] };
}

/** All that are kept, the newest first. */
export function list() {
  return all;
}

/** Whether an answer grows in it, in whichever tab. */
export function isGrowing(conversation) {
  return conversation.messages.at(-1)?.isGrowing === true;
}

/**
 * Reads them, and follows the other tabs from then on.
 *
 * @param hears what they do: `changed(conversation)`, `grew(message)`, `removed(conversation)`; and
 *   `failed(error)` where the browser cannot keep something
 */
export async function open(hears) {
  page = hears;
  await store.open();
  tabs.listen(hear);
  const parts = store.parts();
  all = await store.all();
  for (const conversation of all) {
    versions.set(conversation, conversation.updated);
    takePart(conversation);
  }
  const growing = new Set(all.filter(isGrowing).map(({ id }) => id));
  parts.filter((id) => !growing.has(id)).forEach(store.dropPart);
}

/** Ends answers that grew in tabs that are gone. */
export async function endCutOff() {
  await Promise.all(all.filter(isGrowing).map(endIfCutOff));
}

// ---- changes in this tab

/**
 * Holds a conversation, and makes it what is stored by now.
 *
 * @returns what gives it back; null if another tab holds it, or has removed it
 */
export async function hold(conversation) {
  const { id } = conversation;
  const free = await tabs.hold(id);
  if (free === null) {
    return null;
  }
  held.add(id);
  const giveBack = () => {
    held.delete(id);
    free();
  };
  try {
    const stored = await store.get(id);
    if (versions.has(conversation) && (stored === undefined || !all.includes(conversation))) {
      giveBack();
      return null;
    }
    if (stored !== undefined) {
      adopt(conversation, stored);
    }
  } catch (error) {
    page.failed(error);
  }
  insert(conversation);
  return giveBack;
}

/**
 * Stores a conversation that this tab holds.
 *
 * @returns false if it was removed, or if another tab has changed it all the same: then that is
 *   what is kept
 */
export async function save(conversation) {
  if (!all.includes(conversation)) {
    return false;
  }
  const version = versions.get(conversation) ?? 0;
  conversation.updated = Math.max(Date.now(), version + 1);
  insert(conversation);
  try {
    if (!(await store.put(conversation, version))) {
      held.delete(conversation.id);
      await follow(conversation.id);
      return false;
    }
    versions.set(conversation, conversation.updated);
    tabs.tell({ kind: "changed", id: conversation.id });
  } catch (error) {
    page.failed(error);
  }
  return true;
}

/** Removes a conversation, whoever holds it. */
export async function remove(conversation) {
  all = all.filter((other) => other !== conversation); // nothing stores it again
  store.dropPart(conversation.id);
  await store.remove(conversation.id).catch(page.failed);
  tabs.tell({ kind: "changed", id: conversation.id });
}

/** An answer of this tab has grown: now and then, the other tabs hear of it, and it is kept. */
export function grew(conversation, message) {
  own = { conversation, message };
  const now = performance.now();
  clearTimeout(telling);
  if (now - told >= TOLD) {
    tellGrowth();
  } else {
    telling = setTimeout(tellGrowth, TOLD);
  }
  if (now - kept >= STEP) {
    keepPart();
  }
}

/** The tab is being left, perhaps before the end of its answer. */
export function leave() {
  keepPart();
  tellGrowth();
}

function tellGrowth() {
  if (own?.message.isGrowing) {
    told = performance.now();
    const { text, progress } = own.message;
    tabs.tell({ kind: "grew", id: own.conversation.id, text, progress });
  }
}

function keepPart() {
  if (own?.message.isGrowing && own.message.text !== "" && all.includes(own.conversation)) {
    kept = performance.now();
    store.keepPart(own.conversation.id, own.message.text);
  }
}

export function dropPart(conversation) {
  store.dropPart(conversation.id);
}

// ---- changes in others

function hear(message) {
  if (message.kind === "changed") {
    follow(message.id);
  } else if (message.kind === "grew") {
    hearGrowth(message);
  } else {
    tellGrowth(); // to a tab that has heard nothing of it yet
  }
}

/** Makes a conversation what another tab has stored. @returns whether that is news */
function adopt(conversation, stored) {
  if (stored.updated <= (versions.get(conversation) ?? 0)) {
    return false;
  }
  Object.assign(conversation, stored);
  versions.set(conversation, stored.updated);
  takePart(conversation);
  return true;
}

/** Gives a conversation its place in the list. */
function insert(conversation) {
  all = all.includes(conversation) ? all : [...all, conversation];
  all.sort((a, b) => b.updated - a.updated);
}

/** Follows a conversation that may have been changed or removed in another tab. */
async function follow(id) {
  try {
    const stored = await store.get(id);
    const known = all.find((conversation) => conversation.id === id);
    if (stored === undefined) {
      forget(known);
    } else if (!held.has(id)) {
      const conversation = known ?? { id, messages: [] };
      if (adopt(conversation, stored)) {
        insert(conversation);
        page.changed(conversation);
      }
      if (isGrowing(conversation)) {
        await endIfCutOff(conversation);
      }
    }
  } catch (error) {
    page.failed(error);
  }
}

function forget(conversation) {
  if (conversation !== undefined) {
    all = all.filter((other) => other !== conversation);
    store.dropPart(conversation.id);
    page.removed(conversation);
  }
}

function hearGrowth({ id, text, progress }) {
  const message = all.find((conversation) => conversation.id === id)?.messages.at(-1);
  if (message?.isGrowing && !held.has(id)) {
    Object.assign(message, { text, progress });
    page.grew(message);
  }
}

/** Makes an answer that grows elsewhere as long as it was when it was last kept. */
function takePart(conversation) {
  const part = store.part(conversation.id);
  if (isGrowing(conversation) && part?.length > conversation.messages.at(-1).text.length) {
    conversation.messages.at(-1).text = part;
  }
}

/** Ends an answer that no tab goes on with: with what had come of it. Else waits for its end. */
async function endIfCutOff(conversation) {
  const giveBack = await hold(conversation);
  if (giveBack === null) {
    followLater(conversation.id);
    return;
  }
  if (isGrowing(conversation)) {
    takePart(conversation);
    const message = conversation.messages.at(-1);
    message.finish = "stopped";
    delete message.isGrowing;
    delete message.progress;
    await save(conversation);
    store.dropPart(conversation.id);
  }
  giveBack();
  page.changed(conversation);
}

/** Follows an answer of another tab, to its end and beyond. */
async function followLater(id) {
  tabs.tell({ kind: "asked" });
  if (!awaited.has(id)) {
    awaited.add(id);
    await tabs.whenFree(id);
    awaited.delete(id);
    await follow(id);
  }
}
