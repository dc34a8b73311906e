// The server's interface, as any other client uses it.

const KEY = "internvl.key";

/** A refusal: its status (0 if the server was not reached) and the server's own words. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Keeps a key until the tab is closed. */
export function keepKey(key) {
  sessionStorage.setItem(KEY, key);
}

async function send(path, body, signal) {
  const headers = {};
  const key = sessionStorage.getItem(KEY);
  if (key) {
    headers.Authorization = `Bearer ${key}`;
  }
  const options = { headers, signal, cache: "no-store" };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    options.method = "POST";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    throw error.name === "AbortError" ? error : new Refusal(0, "");
  }
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    throw new Refusal(response.status, told.error?.message ?? response.statusText);
  }
  return response;
}

/** `ready`, `loading`, or null if the server does not answer. */
export async function health() {
  try {
    return (await (await fetch("/health", { cache: "no-store" })).json()).status; // 503 tells, too
  } catch {
    return null;
  }
}

/** The model that is served. */
export async function model() {
  return (await (await send("/v1/models")).json()).data[0];
}

/** How many tokens a text has. */
export async function countTokens(text, signal) {
  return (await (await send("/tokenize", { content: text }, signal)).json()).count;
}

/**
 * Asks, and hears the answer as it grows: `{ text }`, `{ finish }`, `{ usage }`, and while the
 * question is read `{ what: "tile" | "prompt", done, total }`.
 */
export async function* ask(request, signal) {
  const more = { stream: true, stream_options: { include_usage: true } };
  const response = await send("/v1/chat/completions", { ...request, ...more }, signal);
  for await (const line of lines(response.body)) {
    const progress = /^: (tile|prompt) (\d+)\/(\d+)$/.exec(line);
    if (progress) {
      yield { what: progress[1], done: Number(progress[2]), total: Number(progress[3]) };
    } else if (line.startsWith("data: ") && line !== "data: [DONE]") {
      yield* events(JSON.parse(line.slice(6)));
    }
  }
}

function* events(chunk) {
  if (chunk.error) {
    throw new Refusal(500, chunk.error.message);
  }
  for (const choice of chunk.choices) {
    if (choice.delta.content) {
      yield { text: choice.delta.content };
    }
    if (choice.finish_reason) {
      yield { finish: choice.finish_reason };
    }
  }
  if (chunk.usage) {
    yield { usage: chunk.usage };
  }
}

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      const all = (rest + value).split("\n");
      rest = all.pop();
      yield* all;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
