// Runs cases one after the other and prints what became of each, a line of JSON a case.
import { readFileSync } from "node:fs";

/** What the test says of the server: `url`, `key`, `picture` in base64, `questions` and `answers`. */
export const given = JSON.parse(readFileSync(process.argv[2], "utf8"));

export async function run(cases) {
  for (const [name, body] of Object.entries(cases)) {
    let failure = null;
    try {
      await body();
    } catch (error) {
      failure = error.stack;
    }
    console.log(JSON.stringify({ name, failure }));
  }
}

/** Waits until nothing is answered any more: a client has left, and the server has seen it. */
export async function idle() {
  for (;;) {
    const { running, waiting } = await (await fetch(`${given.url}/health`)).json();
    if (running + waiting === 0) {
      return;
    }
    await new Promise((next) => setTimeout(next, 20));
  }
}

/** Long enough to be stopped in its midst. */
export const LONG = 400;
