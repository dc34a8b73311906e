// Runs cases one after the other and prints what became of each, a line of JSON a case.
import assert from "node:assert/strict";
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

/** How many tokens an answer may have that is stopped in its midst. */
export const LONG = 2000;

/**
 * Leaves an answer that would have LONG tokens, by `leave`, and finds that the server stopped making
 * it.
 */
export async function stops(leave) {
  const before = await outputTokens();
  await leave();
  await idle();
  const made = (await outputTokens()) - before;
  assert.ok(made < LONG / 2, `${made} tokens were made for nobody`);
}

async function idle() {
  for (;;) {
    const { running, waiting } = await (await fetch(`${given.url}/health`)).json();
    if (running + waiting === 0) {
      return;
    }
    await new Promise((next) => setTimeout(next, 20));
  }
}

/** Tokens of all answers that have ended. */
async function outputTokens() {
  const headers = { Authorization: `Bearer ${given.key}` };
  const metrics = await (await fetch(`${given.url}/metrics`, { headers })).text();
  return Number(/^gen_ai_client_token_usage_sum\{.*"output".*\} (.*)$/m.exec(metrics)[1]);
}
