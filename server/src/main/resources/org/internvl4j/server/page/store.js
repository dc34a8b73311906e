// Conversations, in this browser: a database because of their pictures. Where the browser keeps
// none (private windows of some), they last as long as the page.

const NAME = "internvl";
const STORE = "conversations";
const PREFIX = "internvl.";
const PART = "part."; // and the conversation's id

let database = null;
const unkept = new Map();

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export async function open() {
  try {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    database = await settled(request);
  } catch {
    database = null;
  }
}

function store(mode) {
  return database.transaction(STORE, mode).objectStore(STORE);
}

/** All, the newest first. */
export async function all() {
  const found = database ? await settled(store("readonly").getAll()) : [...unkept.values()];
  return found.sort((a, b) => b.updated - a.updated);
}

/** One, as it is now; undefined if there is none. */
export async function get(id) {
  return database ? settled(store("readonly").get(id)) : unkept.get(id);
}

/**
 * Stores a conversation in place of the one that it was made from.
 *
 * @param version when that was `updated`; 0 if it is new
 * @returns false, and nothing is stored, if another tab has changed or removed that one
 */
export async function put(conversation, version) {
  if (!database) {
    unkept.set(conversation.id, conversation);
    return true;
  }
  const conversations = store("readwrite"); // in one transaction: no other tab comes between
  const kept = await settled(conversations.get(conversation.id));
  if ((kept?.updated ?? 0) !== version) {
    return false;
  }
  await settled(conversations.put(conversation));
  return true;
}

export async function remove(id) {
  if (database) {
    await settled(store("readwrite").delete(id));
  } else {
    unkept.delete(id);
  }
}

/** A small setting; null if there is none, or the browser keeps none. */
export function recall(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // it lasts as long as the page
  }
}

/** Which conversation this tab showed last, or the last tab if this one is new; null for none. */
export function recallShown() {
  try {
    return sessionStorage.getItem(`${PREFIX}current`) ?? recall("current");
  } catch {
    return null;
  }
}

export function rememberShown(id) {
  remember("current", id);
  try {
    sessionStorage.setItem(`${PREFIX}current`, id);
  } catch {
    // it lasts as long as the page
  }
}

/**
 * Keeps what has come of the answer that grows in a conversation. It is done when this returns, as
 * a page that is being left needs it, and copies no pictures.
 */
export function keepPart(id, text) {
  try {
    localStorage.setItem(PREFIX + PART + id, text);
  } catch {
    // there is no room, or no storage: the answer is kept at its end
  }
}

export function dropPart(id) {
  try {
    localStorage.removeItem(PREFIX + PART + id);
  } catch {
    // no storage, no part
  }
}

/** What was kept of the answer in a conversation; null for nothing. */
export function part(id) {
  return recall(`${PART}${id}`);
}

/** The ids of the conversations of which there are parts. */
export function parts() {
  try {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX + PART));
    return names.map((name) => name.slice((PREFIX + PART).length));
  } catch {
    return []; // no storage, no part
  }
}
