// Web Locks for where there are none: browsers keep them from pages that came over plain HTTP from
// another host. The tabs tell each other what they hold.
//
// What is weaker than with locks: a tab that is opened takes for free what no other claims within a
// moment, so it ends as stopped what grows in a tab that the browser has frozen; an answer in a tab
// that crashed seems to grow in the others until they are loaded anew; and two tabs may both get
// what they ask for in the same instant. The store keeps even those from overwriting each other:
// of two changes of the same conversation it refuses the second.

const MOMENT = 300; // ms in which the others say what they hold

/** What `navigator.locks` is elsewhere, as far as the page needs it. */
export class Claims {
  #channel;
  #own = new Set();
  #others = new Set();
  #waiting = new Set(); // called whenever something may be free
  #opened = new Promise((resolve) => setTimeout(resolve, MOMENT));

  /** @param channel between the tabs; null for none */
  constructor(channel) {
    this.#channel = channel;
    channel?.addEventListener("message", ({ data }) => this.#hear(data));
    this.#tell("opened");
    addEventListener("pagehide", () => this.#own.forEach((name) => this.#tell("freed", name)));
  }

  /** Calls back once nobody holds the name, and holds it until what that returns is settled. */
  async request(name, { signal }, callback) {
    await this.#opened;
    while (this.#own.has(name) || this.#others.has(name)) {
      await this.#change(signal);
    }
    this.#own.add(name);
    this.#tell("claimed", name);
    try {
      return await callback({ name });
    } finally {
      this.#own.delete(name);
      this.#tell("freed", name);
      this.#wake();
    }
  }

  #change(signal) {
    return new Promise((resolve, reject) => {
      this.#waiting.add(resolve);
      if (signal?.aborted) {
        reject(signal.reason);
      }
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  }

  #hear({ kind, name }) {
    if (kind === "opened") {
      this.#own.forEach((own) => this.#tell("claimed", own));
    } else if (kind === "claimed") {
      this.#others.add(name);
    } else {
      this.#others.delete(name);
      this.#wake();
    }
  }

  #tell(kind, name) {
    this.#channel?.postMessage({ kind, name });
  }

  #wake() {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    waiting.forEach((resolve) => resolve());
  }
}
