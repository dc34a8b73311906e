// Conversations, in this browser: a database because of their pictures. Where the browser keeps
// none (private windows of some), they last as long as the page.

const NAME = "internvl";
const STORE = "conversations";
const PART = "internvl.part."; // and the conversation's id

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

export async function put(conversation) {
  if (database) {
    await settled(store("readwrite").put(conversation));
  } else {
    unkept.set(conversation.id, conversation);
  }
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
    return localStorage.getItem(`internvl.${name}`);
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`internvl.${name}`, value);
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
    localStorage.setItem(PART + id, text);
  } catch {
    // there is no room, or no storage: the answer is kept at its end
  }
}

export function dropPart(id) {
  try {
    localStorage.removeItem(PART + id);
  } catch {
    // no storage, no part
  }
}

/** The parts of answers that never came to their end, by the conversation's id. They are dropped. */
export function takeParts() {
  const parts = new Map();
  try {
    for (const name of Object.keys(localStorage).filter((key) => key.startsWith(PART))) {
      parts.set(name.slice(PART.length), localStorage.getItem(name));
      localStorage.removeItem(name);
    }
  } catch {
    // no storage, no part
  }
  return parts;
}
