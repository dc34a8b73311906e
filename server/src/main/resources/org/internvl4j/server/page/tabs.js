// What the tabs of one browser have between them: who holds which conversation, and news of it.
//
// A tab that answers in a conversation holds its lock, which the browser gives back however the tab
// ends. So an answer that grows can be told from one that was cut off.

import { Claims } from "./claims.js";

const PATIENCE = 300; // ms: a tab that is being left, or only looks, gives back sooner

const locks = navigator.locks ?? new Claims(channel("internvl.claims"));
const news = channel("internvl.news");

function channel(name) {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null; // a browser that keeps nothing, so that tabs share nothing
  }
}

/** Tells all other tabs. */
export function tell(message) {
  news?.postMessage(message);
}

/** Hears what the other tabs tell from now on. */
export function listen(hear) {
  news?.addEventListener("message", ({ data }) => hear(data));
}

function lockOf(id) {
  return `internvl.conversation.${id}`;
}

/** Holds a conversation. @returns what gives it back; null if it is held already */
export function hold(id) {
  return new Promise((resolve) => {
    const held = () => new Promise((giveBack) => resolve(giveBack));
    const refused = (error) => resolve(error.name === "TimeoutError" ? null : () => {}); // or keeps nothing
    locks.request(lockOf(id), { signal: AbortSignal.timeout(PATIENCE) }, held).catch(refused);
  });
}

/** Waits until nobody holds a conversation. */
export async function whenFree(id) {
  await locks.request(lockOf(id), {}, () => {});
}
